package streamgov.example;

import org.apache.avro.Schema;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.formats.avro.typeutils.GenericRecordAvroTypeInfo;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;
import org.apache.avro.generic.GenericRecord;
import streamgov.example.lineage.Lineage;

/**
 * Reads orders, computes what each is worth, and writes that to another topic.
 *
 * <p>The job asks for nothing at its start but its configuration: whether it may read, write and decode shows when it
 * does so. While it may not, it fails and is restarted; once a grant is there, it goes on where it was.
 */
public final class OrderTotalsJob {
    static final String NAME = "order-totals";

    private OrderTotalsJob() {
    }

    public static void main(String[] args) throws Exception {
        JobSettings settings = JobSettings.load();
        TopicSettings from = settings.topic("streamgov.source");
        TopicSettings to = settings.topic("streamgov.sink");
        Schema order = Schemas.bundled("order");
        Schema total = Schemas.bundled("order-total");

        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment(Lineage.configuration(settings, from, to));
        KafkaSource<GenericRecord> source = KafkaSource.<GenericRecord>builder()
                .setBootstrapServers(from.brokers())
                .setTopics(from.topic())
                .setGroupId(from.group())
                .setStartingOffsets(OffsetsInitializer.committedOffsets(OffsetResetStrategy.EARLIEST))
                .setValueOnlyDeserializer(new GlueAvroReader(order, from))
                .setProperties(MskIam.client(from.brokers()))
                // A topic that is gone, or access that is, is noticed also where no record comes.
                .setProperty("partition.discovery.interval.ms", "10000")
                .build();
        KafkaSink<GenericRecord> sink = KafkaSink.<GenericRecord>builder()
                .setBootstrapServers(to.brokers())
                .setKafkaProducerConfig(MskIam.client(to.brokers()))
                .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
                .setRecordSerializer(KafkaRecordSerializationSchema.<GenericRecord>builder()
                        .setTopic(to.topic())
                        .setValueSerializationSchema(new GlueAvroWriter(total, to))
                        .build())
                .build();
        environment.fromSource(source, WatermarkStrategy.noWatermarks(), "orders").uid("orders")
                .map(new OrderTotals(total)).returns(new GenericRecordAvroTypeInfo(total)).name("totals").uid("totals")
                .sinkTo(sink).name("order totals").uid("order-totals");
        environment.execute(settings.optional("streamgov.lineage", "job.name").orElse(NAME));
    }
}
