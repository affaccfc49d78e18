-- flink-sql-connector-kafka, aws-msk-iam-auth; for AVRO also flink-sql-avro-glue-schema-registry
CREATE TABLE source_topic (
  `payload` BYTES,
  `at` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp'
) WITH (
  'connector' = 'kafka',
  'topic' = '${topic}',
  'properties.bootstrap.servers' = '${brokers}',
  'properties.group.id' = '${group_prefix}flink',
  'properties.security.protocol' = 'SASL_SSL',
  'properties.sasl.mechanism' = 'AWS_MSK_IAM',
  'properties.sasl.jaas.config' = 'software.amazon.msk.auth.iam.IAMLoginModule required;',
  'properties.sasl.client.callback.handler.class' = 'software.amazon.msk.auth.iam.IAMClientCallbackHandler',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'raw'
);
SELECT * FROM source_topic;
