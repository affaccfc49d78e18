package awsemulator.kafka;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerExtensionsValidatorCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/** Takes a signed URL as a token, as MSK does; the emulator checks the signature and names who signed. */
public final class IamTokens implements AuthenticateCallbackHandler {
    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
    }

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (callback instanceof OAuthBearerValidatorCallback validator) {
                validator.token(checked(validator.tokenValue()));
            } else if (callback instanceof OAuthBearerExtensionsValidatorCallback extensions) {
                extensions.inputExtensions().map().keySet().forEach(extensions::valid);
            } else {
                throw new UnsupportedCallbackException(callback);
            }
        }
    }

    private static OAuthBearerToken checked(String value) {
        JsonNode answer;
        try {
            answer = Endpoint.post("kafka/token", Map.of("token", value));
        } catch (IOException error) {
            throw new SaslAuthenticationException("the identity service cannot be reached", error);
        }
        if (!answer.path("principal").isTextual()) {
            throw new SaslAuthenticationException(answer.path("error").asText("Access denied"));
        }
        return new Signed(value, answer.path("principal").asText(), answer.path("expires").asLong());
    }

    @Override
    public void close() {
    }

    private record Signed(String value, String principalName, long lifetimeMs) implements OAuthBearerToken {
        @Override
        public Set<String> scope() {
            return Set.of();
        }

        @Override
        public Long startTimeMs() {
            return null;
        }
    }
}
