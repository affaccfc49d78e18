package streamgov.example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.SignedRequest;

/**
 * Signed calls of one AWS service. The job needs three operations in all; the SDK's clients for them would make the
 * JAR half as large again. {@code AWS_ENDPOINT_URL} overrides the address, as it does for the SDK.
 */
public final class AwsCall {
    private static final int ATTEMPTS = 4;
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final Set<String> SET_BY_CLIENT = Set.of("host", "content-length");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String service;
    private final String region;
    private final URI endpoint;
    private final AwsCredentialsProvider credentials;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).version(HttpClient.Version.HTTP_1_1).build();

    /**
     * @param service the signing name
     * @param region the region to sign for
     * @param address the service's address in that region
     * @param credentials whose calls they are
     */
    public AwsCall(String service, String region, String address, AwsCredentialsProvider credentials) {
        this.service = service;
        this.region = region;
        this.endpoint = URI.create(System.getenv().getOrDefault("AWS_ENDPOINT_URL", address));
        this.credentials = credentials;
    }

    /** A call of a service with the protocol JSON 1.1. */
    JsonNode json(String target, JsonNode body) throws IOException {
        return JSON.readTree(post("/", Map.of("Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", target),
                JSON.writeValueAsBytes(body)));
    }

    /**
     * POST, tried again where the service or the way to it is at fault.
     *
     * @throws IOException the service refuses; the text holds its answer
     */
    public byte[] post(String path, Map<String, String> headers, byte[] body) throws IOException {
        IOException last = null;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                if (attempt > 0) {
                    Thread.sleep(100L << attempt);
                }
                HttpResponse<byte[]> answer = http.send(signed(path, headers, body), HttpResponse.BodyHandlers.ofByteArray());
                if (answer.statusCode() / 100 == 2) {
                    return answer.body();
                }
                last = new IOException(service + " answers " + answer.statusCode() + ": " + new String(answer.body()));
                if (answer.statusCode() < 500 && answer.statusCode() != 429) {
                    throw last;
                }
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", stopped);
            } catch (IOException error) {
                if (error == last) {
                    throw error;
                }
                last = new IOException(service + " at " + endpoint + " does not answer: " + error, error);
            }
        }
        throw last;
    }

    private HttpRequest signed(String path, Map<String, String> headers, byte[] body) {
        SdkHttpRequest.Builder request = SdkHttpRequest.builder().method(SdkHttpMethod.POST).uri(endpoint).encodedPath(path);
        headers.forEach(request::putHeader);
        ContentStreamProvider payload = ContentStreamProvider.fromByteArray(body);
        SignedRequest made = AwsV4HttpSigner.create().sign(signing -> signing
                .identity(credentials.resolveCredentials())
                .request(request.build())
                .payload(payload)
                .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, service)
                .putProperty(AwsV4HttpSigner.REGION_NAME, region));
        HttpRequest.Builder sent = HttpRequest.newBuilder(made.request().getUri()).timeout(TIMEOUT)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        made.request().forEachHeader((name, values) -> {
            if (!SET_BY_CLIENT.contains(name.toLowerCase())) {
                values.forEach(value -> sent.header(name, value));
            }
        });
        return sent.build();
    }
}
