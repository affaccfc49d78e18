package streamgov.example.lineage;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import streamgov.example.JobSettings;
import streamgov.example.TopicSettings;

/** The job's configuration for OpenLineage's listener. */
public final class Lineage {
    private static final String GROUP = "streamgov.lineage";
    private static final String SCHEME = "kafka://";

    private Lineage() {
    }

    /**
     * What Flink is told; nothing if no domain is configured.
     *
     * <p>The listener names a topic by the brokers' addresses, which come and go. The resolvers put in their place the
     * name that the topic's asset carries, which whoever deploys the job got from the naming function of the catalogue.
     */
    public static Configuration configuration(JobSettings settings, TopicSettings... topics) {
        Configuration made = new Configuration();
        if (settings.optional(GROUP, "domain.id").isEmpty()) {
            return made;
        }
        made.setString("execution.job-status-changed-listeners",
                "io.openlineage.flink.listener.OpenLineageJobStatusChangedListenerFactory");
        made.setString("openlineage.transport.type", DataZoneTransportBuilder.TYPE);
        made.setString("openlineage.transport.domainId", settings.required(GROUP, "domain.id"));
        made.setString("openlineage.job.namespace", settings.required(GROUP, "job.namespace"));
        made.setString("openlineage.job.name", settings.required(GROUP, "job.name"));
        boolean detached = settings.optional(GROUP, "detached").map(Boolean::parseBoolean).orElse(false);
        made.setString("openlineage.enableDetachedJobTracking", String.valueOf(detached));
        // Checkpoints are asked of the job manager's REST address, which only a detached job is told.
        made.setString("openlineage.disableCheckpointTracking", String.valueOf(!detached));
        made.setString("openlineage.trackingIntervalInSeconds", "5");
        for (TopicSettings topic : topics) {
            if (topic.lineageNamespace().startsWith(SCHEME)) {
                String resolver = "openlineage.dataset.namespaceResolvers."
                        + topic.lineageNamespace().substring(SCHEME.length());
                made.setString(resolver + ".type", "hostList");
                made.setString(resolver + ".hosts", Arrays.stream(topic.brokers().split(","))
                        .map(String::strip).collect(Collectors.joining(";", "[", "]")));
                made.setString(resolver + ".schema", "kafka");
            }
        }
        return made;
    }
}
