package streamgov.example.lineage;

import io.openlineage.client.transports.Transport;
import io.openlineage.client.transports.TransportBuilder;
import io.openlineage.client.transports.TransportConfig;

/** Makes the transport that {@code openlineage.transport.type} names {@value #TYPE}. */
public final class DataZoneTransportBuilder implements TransportBuilder {
    static final String TYPE = "streamgov_datazone";

    @Override
    public String getType() {
        return TYPE;
    }

    @Override
    public TransportConfig getConfig() {
        return new DataZoneConfig();
    }

    @Override
    public Transport build(TransportConfig config) {
        return new DataZoneTransport(((DataZoneConfig) config).getDomainId());
    }
}
