package streamgov.example;

import java.util.Arrays;
import java.util.Properties;

/** How a client of Kafka signs in to Amazon MSK: SASL/OAUTHBEARER with a token that the job's role has signed. */
final class MskIam {
    private MskIam() {
    }

    static Properties client(String brokers) {
        Properties made = new Properties();
        // Only a broker on this machine, which has no certificate, is spoken to without TLS.
        boolean loopback = Arrays.stream(brokers.split(",")).allMatch(broker -> broker.strip().startsWith("127."));
        made.setProperty("security.protocol", loopback ? "SASL_PLAINTEXT" : "SASL_SSL");
        made.setProperty("sasl.mechanism", "OAUTHBEARER");
        made.setProperty("sasl.jaas.config",
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;");
        made.setProperty("sasl.login.callback.handler.class",
                "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler");
        made.setProperty("sasl.client.callback.handler.class",
                "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler");
        return made;
    }
}
