package streamgov.example;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.formats.avro.typeutils.GenericRecordAvroTypeInfo;

/**
 * Writes Avro records as the Glue Schema Registry's serialisers do, with the version of the registry's schema that has
 * this job's definition. The owner of the topic registers it; this job registers nothing.
 */
final class GlueAvroWriter implements SerializationSchema<GenericRecord>, ResultTypeQueryable<GenericRecord> {
    private static final long serialVersionUID = 1L;

    private final String definition;
    private final TopicSettings settings;
    private transient GenericDatumWriter<GenericRecord> writer;
    private transient byte[] header;

    GlueAvroWriter(Schema schema, TopicSettings settings) {
        this.definition = schema.toString();
        this.settings = settings;
    }

    @Override
    public byte[] serialize(GenericRecord value) {
        try {
            if (header == null) {
                prepare();
            }
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            bytes.write(header);
            BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
            writer.write(value, encoder);
            encoder.flush();
            return bytes.toByteArray();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private void prepare() throws IOException {
        Schema schema = new Schema.Parser().parse(definition);
        GlueRegistry registry = new GlueRegistry(settings.schemaArn(), settings.readerRole());
        UUID version = UUID.fromString(registry.versionOf(schema));
        writer = new GenericDatumWriter<>(schema);
        header = ByteBuffer.allocate(GlueAvroReader.HEADER)
                .put(GlueAvroReader.HEADER_VERSION).put(GlueAvroReader.NO_COMPRESSION)
                .putLong(version.getMostSignificantBits()).putLong(version.getLeastSignificantBits())
                .array();
    }

    @Override
    public TypeInformation<GenericRecord> getProducedType() {
        return new GenericRecordAvroTypeInfo(new Schema.Parser().parse(definition));
    }
}
