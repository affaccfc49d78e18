-- flink-sql-connector-aws-kinesis-streams
CREATE TABLE source_stream (
  `payload` BYTES
) WITH (
  'connector' = 'kinesis',
  'stream.arn' = '${stream_arn}',
  'aws.region' = '${region}',
  'source.init.position' = 'TRIM_HORIZON',
  ${flink_reader}
  'format' = 'raw'
);
SELECT * FROM source_stream;
