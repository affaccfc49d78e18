package clients;

import com.amazonaws.services.schemaregistry.deserializers.GlueSchemaRegistryKafkaDeserializer;
import com.amazonaws.services.schemaregistry.serializers.GlueSchemaRegistryKafkaSerializer;
import com.amazonaws.services.schemaregistry.utils.AWSSchemaRegistryConstants;
import com.amazonaws.services.schemaregistry.utils.AvroRecordType;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.services.glue.model.DataFormat;

/** Writes a record with a new schema, or reads one by the version id that it carries. */
public final class Registry {
    private Registry() {
    }

    /** Arguments: write|read, endpoint, registry, then the schema's definition or the record as hexadecimal text. */
    public static void main(String[] arguments) {
        Map<String, Object> settings = new HashMap<>();
        settings.put(AWSSchemaRegistryConstants.AWS_ENDPOINT, arguments[1]);
        settings.put(AWSSchemaRegistryConstants.AWS_REGION, "us-east-1");
        settings.put(AWSSchemaRegistryConstants.REGISTRY_NAME, arguments[2]);
        settings.put(AWSSchemaRegistryConstants.AVRO_RECORD_TYPE, AvroRecordType.GENERIC_RECORD.getName());
        settings.put(AWSSchemaRegistryConstants.DATA_FORMAT, DataFormat.AVRO.name());
        settings.put(AWSSchemaRegistryConstants.SCHEMA_NAME, "orders");
        settings.put(AWSSchemaRegistryConstants.SCHEMA_AUTO_REGISTRATION_SETTING, true);
        DefaultCredentialsProvider credentials = DefaultCredentialsProvider.create();
        if (arguments[0].equals("write")) {
            GenericRecord record = new GenericData.Record(new Schema.Parser().parse(arguments[3]));
            record.put("id", "first");
            var serializer = new GlueSchemaRegistryKafkaSerializer(credentials, settings);
            System.out.print(HexFormat.of().formatHex(serializer.serialize("orders", record)));
        } else {
            var deserializer = new GlueSchemaRegistryKafkaDeserializer(credentials, settings);
            System.out.print(deserializer.deserialize("orders", HexFormat.of().parseHex(arguments[3])));
        }
        System.out.flush();
        System.exit(0);
    }
}
