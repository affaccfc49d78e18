package streamgov.example.lineage;

import io.openlineage.client.OpenLineage;
import io.openlineage.client.OpenLineageClientUtils;
import io.openlineage.client.transports.Transport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import streamgov.example.AwsCall;

/**
 * Posts run events to a DataZone domain (API PostLineageEvent) as the job's own role.
 *
 * <p>Lineage must never end a job: an event that DataZone refuses is told in the log and lost.
 */
public final class DataZoneTransport extends Transport {
    private static final Logger LOG = LoggerFactory.getLogger(DataZoneTransport.class);
    private static final int LARGEST_EVENT = 300_000;

    private final String path;
    private final AwsCall datazone;

    DataZoneTransport(String domainId) {
        String region = DefaultAwsRegionProviderChain.builder().build().getRegion().id();
        this.path = "/v2/domains/" + domainId + "/lineage/events";
        this.datazone = new AwsCall("datazone", region, "https://datazone." + region + ".api.aws",
                DefaultCredentialsProvider.builder().build());
    }

    @Override
    public void emit(OpenLineage.RunEvent event) {
        byte[] body = OpenLineageClientUtils.toJson(event).getBytes(StandardCharsets.UTF_8);
        if (body.length > LARGEST_EVENT) {
            LOG.warn("lineage: an event of {} bytes is larger than DataZone takes ({})", body.length, LARGEST_EVENT);
            return;
        }
        try {
            datazone.post(path, Map.of("Content-Type", "application/json", "Client-Token", digest(body)), body);
            LOG.info("lineage: {} of run {} reported", event.getEventType(), event.getRun().getRunId());
        } catch (IOException | RuntimeException error) {
            LOG.warn("lineage: {} of run {} is not reported: {}", event.getEventType(), event.getRun().getRunId(),
                    error.toString());
        }
    }

    @Override
    public void emit(OpenLineage.DatasetEvent event) {
        LOG.debug("lineage: DataZone takes run events only");
    }

    @Override
    public void emit(OpenLineage.JobEvent event) {
        LOG.debug("lineage: DataZone takes run events only");
    }

    private static String digest(byte[] body) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
