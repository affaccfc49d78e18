// org.apache.kafka:kafka-clients, software.amazon.msk:aws-msk-iam-auth, software.amazon.glue:schema-registry-serde
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/** Reads ${topic} as ${role_arn}. */
public final class Consumer {
    public static void main(String[] args) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", "${brokers}");
        settings.put("group.id", "${group_prefix}app"); // Every group of this project begins with ${group_prefix}
        settings.put("auto.offset.reset", "earliest");
        settings.put("security.protocol", "SASL_SSL");
        settings.put("sasl.mechanism", "AWS_MSK_IAM");
        settings.put("sasl.jaas.config", "software.amazon.msk.auth.iam.IAMLoginModule required;");
        settings.put("sasl.client.callback.handler.class", "software.amazon.msk.auth.iam.IAMClientCallbackHandler");
        settings.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        settings.put("value.deserializer", "${java_deserializer}");
        settings.put("region", "${region}");
        settings.put("avroRecordType", "GENERIC_RECORD");
        // ${registry_hint}
        settings.put("assumeRoleArn", "${reader_role}");
        try (KafkaConsumer<String, Object> consumer = new KafkaConsumer<>(settings)) {
            consumer.subscribe(List.of("${topic}"));
            while (!Thread.currentThread().isInterrupted()) {
                consumer.poll(Duration.ofSeconds(1)).forEach(record -> System.out.println(record.value()));
            }
        }
    }
}
