package clients;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.msk.auth.iam.internals.AWS4SignedPayloadGenerator;
import software.amazon.msk.auth.iam.internals.AuthenticationRequestParams;

/** Java's Kafka clients with AWS's library for MSK IAM. */
public final class Msk {
    private Msk() {
    }

    /** Arguments: produce|consume, brokers, topic, group or value; or payload, host. */
    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "produce" -> produce(arguments[1], arguments[2], arguments[3]);
            case "consume" -> consume(arguments[1], arguments[2], arguments[3]);
            default -> payload(arguments[1]);
        }
        System.out.flush();
        System.exit(0);
    }

    private static Properties settings(String brokers) {
        Properties found = new Properties();
        found.put("bootstrap.servers", brokers);
        found.put("security.protocol", "SASL_PLAINTEXT");
        found.put("sasl.mechanism", "OAUTHBEARER");
        found.put("sasl.jaas.config",
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;");
        found.put("sasl.login.callback.handler.class",
            "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler");
        found.put("default.api.timeout.ms", "20000");
        found.put("max.block.ms", "20000");
        return found;
    }

    private static void produce(String brokers, String topic, String value) throws Exception {
        Properties found = settings(brokers);
        found.put("enable.idempotence", "false");
        try (var producer = new KafkaProducer<>(found, new StringSerializer(), new StringSerializer())) {
            System.out.print(producer.send(new ProducerRecord<>(topic, value)).get().offset());
        }
    }

    private static void consume(String brokers, String topic, String group) {
        Properties found = settings(brokers);
        found.put("group.id", group);
        found.put("auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(found, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            for (int polls = 0; polls < 60; polls++) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(500))) {
                    System.out.print(record.value());
                    consumer.commitSync();
                    return;
                }
            }
        }
    }

    /** What the library sends for the mechanism AWS_MSK_IAM. */
    private static void payload(String host) throws Exception {
        var credentials = DefaultCredentialsProvider.create().resolveCredentials();
        var request = AuthenticationRequestParams.create(host, credentials, "standard-client");
        System.out.print(new String(new AWS4SignedPayloadGenerator().signedPayload(request), StandardCharsets.UTF_8));
    }
}
