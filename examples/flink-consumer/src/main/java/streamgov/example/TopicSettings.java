package streamgov.example;

import java.io.Serializable;

/**
 * A topic and its schema.
 *
 * @param brokers the cluster's addresses for IAM
 * @param topic the topic's name
 * @param group the consumer group, for a topic that is read
 * @param schemaArn the schema in the Glue registry of the topic's account
 * @param readerRole the role that may read that registry's schemas; empty if the job's own role may
 * @param lineageNamespace the OpenLineage namespace of the topic; empty leaves the brokers' addresses
 */
public record TopicSettings(
        String brokers, String topic, String group, String schemaArn, String readerRole, String lineageNamespace)
        implements Serializable {
}
