# spark-submit --packages org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.1,software.amazon.msk:aws-msk-iam-auth:2.3.0
"""Reads ${topic} as ${role_arn}."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("${topic}").getOrCreate()
records = (
    spark.readStream.format("kafka")
    .option("kafka.bootstrap.servers", "${brokers}")
    .option("subscribe", "${topic}")
    # Spark makes up a group for each query: only groups with this project's prefix are granted.
    .option("groupIdPrefix", "${group_prefix}spark")
    .option("startingOffsets", "earliest")
    .option("kafka.security.protocol", "SASL_SSL")
    .option("kafka.sasl.mechanism", "AWS_MSK_IAM")
    .option("kafka.sasl.jaas.config", "software.amazon.msk.auth.iam.IAMLoginModule required;")
    .option("kafka.sasl.client.callback.handler.class", "software.amazon.msk.auth.iam.IAMClientCallbackHandler")
    .load()
)
records.selectExpr("timestamp", "value").writeStream.format("console").start().awaitTermination()
