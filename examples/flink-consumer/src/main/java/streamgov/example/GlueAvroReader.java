package streamgov.example;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.formats.avro.typeutils.GenericRecordAvroTypeInfo;
import org.apache.flink.metrics.Counter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads Avro records as the Glue Schema Registry's serialisers write them: header version 3, compression 0, the id of
 * the schema version, Avro. Each is read with the schema that it was written with, fetched once from the registry, and
 * resolved to the schema that this job is written for.
 */
final class GlueAvroReader implements DeserializationSchema<GenericRecord> {
    static final byte HEADER_VERSION = 3;
    static final byte NO_COMPRESSION = 0;
    static final int HEADER = 18;

    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(GlueAvroReader.class);

    private final String wanted;
    private final TopicSettings settings;
    private transient Map<UUID, GenericDatumReader<GenericRecord>> readers;
    private transient GlueRegistry registry;
    private transient Counter skipped;

    GlueAvroReader(Schema wanted, TopicSettings settings) {
        this.wanted = wanted.toString();
        this.settings = settings;
    }

    @Override
    public void open(InitializationContext context) {
        readers = new HashMap<>();
        registry = new GlueRegistry(settings.schemaArn(), settings.readerRole());
        skipped = context.getMetricGroup().counter("recordsWithoutHeader");
    }

    @Override
    public GenericRecord deserialize(byte[] message) throws IOException {
        if (message.length < HEADER || message[0] != HEADER_VERSION || message[1] != NO_COMPRESSION) {
            // One record that no retry can read must not hold up all others.
            skipped.inc();
            LOG.warn("a record of {} bytes in {} has no header of the Glue serialisers, or is compressed: left out",
                    message.length, settings.topic());
            return null;
        }
        ByteBuffer header = ByteBuffer.wrap(message, 2, 16);
        UUID version = new UUID(header.getLong(), header.getLong());
        GenericDatumReader<GenericRecord> reader = readers.get(version);
        if (reader == null) {
            Schema written = new Schema.Parser().parse(registry.definition(version.toString()));
            reader = new GenericDatumReader<>(written, new Schema.Parser().parse(wanted));
            readers.put(version, reader);
        }
        return reader.read(null, DecoderFactory.get().binaryDecoder(message, HEADER, message.length - HEADER, null));
    }

    @Override
    public boolean isEndOfStream(GenericRecord next) {
        return false;
    }

    @Override
    public TypeInformation<GenericRecord> getProducedType() {
        return new GenericRecordAvroTypeInfo(new Schema.Parser().parse(wanted));
    }
}
