# pip install boto3
"""Reads ${stream_name} as ${role_arn}, shard by shard. For many shards or several workers take the KCL."""

import time

import boto3

REGION = "${region}"
STREAM = "${stream_arn}"


def records(kinesis, shard):
    """The records of a shard, the oldest first; None where there is nothing new yet."""
    iterator = kinesis.get_shard_iterator(StreamARN=STREAM, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    iterator = iterator["ShardIterator"]
    while iterator:
        answer = kinesis.get_records(StreamARN=STREAM, ShardIterator=iterator)
        yield from answer["Records"]
        iterator = answer.get("NextShardIterator")
        if not answer["Records"]:
            yield None


def main(limit=None):
    """Print the records of every shard, all of them or so many."""
    kinesis = boto3.client("kinesis", region_name=REGION)
    shards = [records(kinesis, shard["ShardId"]) for shard in kinesis.list_shards(StreamARN=STREAM)["Shards"]]
    seen = 0
    while shards:
        for shard in shards:
            record = next(shard, None)
            if record is not None:
                print(record["PartitionKey"], record["Data"])
                seen += 1
                if seen == limit:
                    return
        time.sleep(0.2)  # Five reads a second and shard are shared by all readers.


if __name__ == "__main__":
    main()
