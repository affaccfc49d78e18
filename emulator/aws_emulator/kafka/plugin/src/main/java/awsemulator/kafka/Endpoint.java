package awsemulator.kafka;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;

/** The emulator's own addresses. No answer, or one that is not 200, is an IOException: the caller then refuses. */
final class Endpoint {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private static final String ADDRESS = System.getenv("EMULATOR_KAFKA_ENDPOINT");
    private static final String CLUSTER = System.getenv("EMULATOR_KAFKA_CLUSTER");

    private Endpoint() {
    }

    static JsonNode post(String path, Map<String, ?> question) throws IOException {
        var asked = JSON.createObjectNode().put("cluster", CLUSTER);
        asked.setAll((com.fasterxml.jackson.databind.node.ObjectNode) JSON.valueToTree(question));
        HttpRequest request = HttpRequest.newBuilder(URI.create(ADDRESS + path))
                .timeout(Duration.ofSeconds(5))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(asked)))
                .build();
        try {
            HttpResponse<byte[]> answer = CLIENT.send(request, HttpResponse.BodyHandlers.ofByteArray());
            if (answer.statusCode() != 200) {
                throw new IOException("the emulator answered " + answer.statusCode());
            }
            return JSON.readTree(answer.body());
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", error);
        }
    }
}
