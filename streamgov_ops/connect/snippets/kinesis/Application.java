// software.amazon.kinesis:amazon-kinesis-client (KCL 3)
import java.util.UUID;
import software.amazon.awssdk.arns.Arn;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.processor.StreamTracker;
import software.amazon.kinesis.common.StreamIdentifier;
import software.amazon.kinesis.common.StreamConfig;
${retrieval_import}

/** Reads ${stream_name} as ${role_arn}; its tables are in that role's account. */
public final class Application {
    public static void main(String[] args) {
        Region region = Region.of("${region}");
        KinesisAsyncClient kinesis = KinesisAsyncClient.builder().region(region).build();
        StreamIdentifier stream = StreamIdentifier.singleStreamInstance(Arn.fromString("${stream_arn}"));
        StreamTracker tracker = new SingleStreamTracker(
            stream, InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON));
        ConfigsBuilder builder = new ConfigsBuilder(
            tracker, "my-application", kinesis,
            DynamoDbAsyncClient.builder().region(region).build(),
            CloudWatchAsyncClient.builder().region(region).build(),
            UUID.randomUUID().toString(), Processor::new);
        Scheduler scheduler = new Scheduler(
            builder.checkpointConfig(), builder.coordinatorConfig(), builder.leaseManagementConfig(),
            builder.lifecycleConfig(), builder.metricsConfig(), builder.processorConfig(),
            builder.retrievalConfig().retrievalSpecificConfig(
                ${retrieval}));
        scheduler.run();
    }

    private static final class Processor implements ShardRecordProcessor {
        @Override public void initialize(InitializationInput input) { }

        @Override public void processRecords(ProcessRecordsInput input) {
            input.records().forEach(record -> System.out.println(record.partitionKey()));
        }

        @Override public void leaseLost(LeaseLostInput input) { }

        @Override public void shardEnded(ShardEndedInput input) {
            checkpoint(() -> input.checkpointer().checkpoint());
        }

        @Override public void shutdownRequested(ShutdownRequestedInput input) {
            checkpoint(() -> input.checkpointer().checkpoint());
        }

        private static void checkpoint(Step step) {
            try {
                step.run();
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        }

        private interface Step {
            void run() throws Exception;
        }
    }
}
