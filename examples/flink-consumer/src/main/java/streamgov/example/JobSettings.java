package streamgov.example;

import com.amazonaws.services.kinesisanalytics.runtime.KinesisAnalyticsRuntime;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * The application's runtime properties. The service writes them to {@code /etc/flink/application_properties.json};
 * the environment variable {@value #FILE} names another file.
 */
public final class JobSettings {
    static final String FILE = "APPLICATION_PROPERTIES_FILE";

    private final Map<String, Properties> groups;

    JobSettings(Map<String, Properties> groups) {
        this.groups = groups;
    }

    static JobSettings load() throws IOException {
        String file = System.getenv(FILE);
        return new JobSettings(file == null
                ? KinesisAnalyticsRuntime.getApplicationProperties()
                : KinesisAnalyticsRuntime.getApplicationProperties(file));
    }

    /** A property that may be left out. */
    public Optional<String> optional(String group, String key) {
        Properties found = groups.get(group);
        return Optional.ofNullable(found == null ? null : found.getProperty(key)).filter(value -> !value.isBlank());
    }

    /**
     * A property.
     *
     * @throws IllegalArgumentException it is not there; the text says where to put it
     */
    public String required(String group, String key) {
        return optional(group, key).orElseThrow(() -> new IllegalArgumentException(
                "the application's runtime properties lack " + key + " in the group " + group
                        + " (EnvironmentProperties.PropertyGroups)"));
    }

    TopicSettings topic(String group) {
        return new TopicSettings(
                required(group, "bootstrap.servers"),
                required(group, "topic"),
                optional(group, "group.id").orElse(""),
                required(group, "schema.arn"),
                optional(group, "reader.role.arn").orElse(""),
                optional(group, "lineage.namespace").orElse(""));
    }
}
