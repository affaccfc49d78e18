package streamgov.example.lineage;

import io.openlineage.client.transports.TransportConfig;

/** {@code openlineage.transport.domainId}: the domain that takes the events. */
public final class DataZoneConfig implements TransportConfig {
    private String domainId;

    public String getDomainId() {
        return domainId;
    }

    public void setDomainId(String domainId) {
        this.domainId = domainId;
    }
}
