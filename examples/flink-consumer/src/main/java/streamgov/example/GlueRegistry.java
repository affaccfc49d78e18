package streamgov.example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.Schema;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.auth.StsAssumeRoleCredentialsProvider;
import software.amazon.awssdk.services.sts.model.AssumeRoleRequest;

/**
 * One schema of a Glue Schema Registry, perhaps of another account.
 *
 * <p>Versions are asked for by schema and number, not by id: IAM can name a schema as a resource, but no version's id.
 */
final class GlueRegistry {
    private static final String SESSION = "order-totals";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String schemaArn;
    private final AwsCall glue;
    private final Map<String, Long> numbers = new LinkedHashMap<>();

    GlueRegistry(String schemaArn, String readerRole) {
        this.schemaArn = schemaArn;
        String region = schemaArn.split(":")[3];
        this.glue = new AwsCall("glue", region, "https://glue." + region + ".amazonaws.com", credentials(readerRole, region));
    }

    private static AwsCredentialsProvider credentials(String readerRole, String region) {
        if (readerRole.isEmpty()) {
            return DefaultCredentialsProvider.builder().build();
        }
        return StsAssumeRoleCredentialsProvider.builder()
                .stsClient(StsClient.builder().region(Region.of(region)).build())
                .refreshRequest(AssumeRoleRequest.builder().roleArn(readerRole).roleSessionName(SESSION).build())
                .build();
    }

    /** The definition of a version of the schema. */
    String definition(String versionId) throws IOException {
        if (!numbers.containsKey(versionId)) {
            list();
        }
        Long number = numbers.get(versionId);
        if (number == null) {
            throw new IOException("the schema " + schemaArn + " has no version " + versionId);
        }
        return definition(number);
    }

    /** The id of the version that has this definition. */
    String versionOf(Schema wanted) throws IOException {
        list();
        for (Map.Entry<String, Long> version : numbers.entrySet()) {
            if (wanted.equals(new Schema.Parser().parse(definition(version.getValue())))) {
                return version.getKey();
            }
        }
        throw new IOException("no version of the schema " + schemaArn + " has the definition that this job writes; "
                + "register src/main/resources/schemas/order-total.avsc there");
    }

    private String definition(long number) throws IOException {
        ObjectNode asked = ofSchema();
        asked.putObject("SchemaVersionNumber").put("VersionNumber", number);
        return glue.json("AWSGlue.GetSchemaVersion", asked).get("SchemaDefinition").asText();
    }

    private void list() throws IOException {
        ObjectNode asked = ofSchema();
        JsonNode page;
        do {
            page = glue.json("AWSGlue.ListSchemaVersions", asked);
            for (JsonNode version : page.path("Schemas")) {
                numbers.put(version.get("SchemaVersionId").asText(), version.get("VersionNumber").asLong());
            }
            asked.put("NextToken", page.path("NextToken").asText());
        } while (!page.path("NextToken").asText().isEmpty());
    }

    private ObjectNode ofSchema() {
        ObjectNode made = JSON.createObjectNode();
        made.putObject("SchemaId").put("SchemaArn", schemaArn);
        return made;
    }
}
