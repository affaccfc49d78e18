# spark-submit --jars spark-streaming-sql-kinesis-connector_2.12-1.0.0.jar
"""Reads ${stream_name} as ${role_arn}."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("${stream_name}").getOrCreate()
records = (
    spark.readStream.format("aws-kinesis")
    .option("kinesis.region", "${region}")
    .option("kinesis.streamName", "${stream_name}")
    .option("kinesis.consumerType", "${spark_consumer_type}")
    .option("kinesis.endpointUrl", "https://kinesis.${region}.amazonaws.com")
    .option("kinesis.startingposition", "TRIM_HORIZON")
    .load()
)
records.selectExpr("partitionKey", "data").writeStream.format("console").start().awaitTermination()
