# What programs next to ours use beside: applied, planned, changed and destroyed as the other module.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "revision" {
  type    = number
  default = 1
}

variable "bundle" {
  type        = string
  description = "The path of a zipped Lambda function."
}

provider "aws" {
  region                  = "us-east-1"
  access_key              = "test"
  secret_key              = "test"
  s3_use_path_style       = true
  skip_region_validation  = true
  skip_metadata_api_check = true
}

locals {
  revised = var.revision > 1
}

resource "aws_iam_role" "any" {
  name = "further"
  path = "/further/deep/"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = "sts:AssumeRole"
      Principal = {
        Service = [for each in ["lambda", "states", "scheduler", "kinesisanalytics", "pipes", "logs", "ec2"] : "${each}.amazonaws.com"]
      }
    }]
  })
  tags = { revision = tostring(var.revision) }
}

resource "aws_iam_role_policy" "any" {
  name   = "any"
  role   = aws_iam_role.any.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}

resource "aws_iam_user" "worker" {
  name = "further-worker"
  tags = { revision = tostring(var.revision) }
}

resource "aws_iam_user_policy" "worker" {
  name   = "read"
  user   = aws_iam_user.worker.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kinesis:Get*", Resource = "*" }] })
}

resource "aws_iam_access_key" "worker" {
  user = aws_iam_user.worker.name
}

resource "aws_iam_group" "workers" {
  name = "further-workers"
}

resource "aws_iam_group_membership" "workers" {
  name  = "workers"
  group = aws_iam_group.workers.name
  users = [aws_iam_user.worker.name]
}

resource "aws_iam_instance_profile" "worker" {
  name = "further"
  role = aws_iam_role.any.name
}

resource "aws_lambda_function" "worker" {
  function_name = "further"
  role          = aws_iam_role.any.arn
  runtime       = "python3.12"
  handler       = "main.handler"
  filename      = var.bundle
  publish       = true
  description   = local.revised ? "revised" : "first"
  depends_on    = [aws_iam_role_policy.any]
}

resource "aws_lambda_layer_version" "shared" {
  layer_name          = "further"
  filename            = var.bundle
  compatible_runtimes = ["python3.12"]
}

resource "aws_lambda_function_url" "worker" {
  function_name      = aws_lambda_function.worker.function_name
  authorization_type = "AWS_IAM"
}

resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn  = aws_kinesis_stream.events.arn
  function_name     = aws_lambda_function.worker.arn
  starting_position = "LATEST"
  batch_size        = local.revised ? 50 : 100
}

resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn = aws_sqs_queue.work.arn
  function_name    = aws_lambda_function.worker.arn
  batch_size       = local.revised ? 5 : 10
}

resource "aws_kinesis_stream" "events" {
  name = "further-events"
  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
  shard_level_metrics = local.revised ? ["IncomingBytes"] : []
  tags                = { revision = tostring(var.revision) }
}

resource "aws_sqs_queue" "dead" {
  name = "further-dead"
}

resource "aws_sqs_queue" "work" {
  name                       = "further-work"
  visibility_timeout_seconds = local.revised ? 90 : 60
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 4 })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url            = aws_sqs_queue.dead.id
  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.work.arn] })
}

resource "aws_sns_topic" "news" {
  name         = "further-news"
  display_name = local.revised ? "revised" : "first"
}

resource "aws_sns_topic_subscription" "news" {
  topic_arn            = aws_sns_topic.news.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.work.arn
  raw_message_delivery = local.revised
}

resource "aws_sns_topic_policy" "news" {
  arn = aws_sns_topic.news.arn
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = "sns:Publish", Resource = aws_sns_topic.news.arn }]
  })
}

resource "aws_dynamodb_table" "leases" {
  name             = "further-leases"
  billing_mode     = "PROVISIONED"
  read_capacity    = local.revised ? 6 : 5
  write_capacity   = 5
  hash_key         = "leaseKey"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  attribute {
    name = "leaseKey"
    type = "S"
  }
  tags = { revision = tostring(var.revision) }
}

resource "aws_dynamodb_table_item" "first" {
  table_name = aws_dynamodb_table.leases.name
  hash_key   = "leaseKey"
  item       = jsonencode({ leaseKey = { S = "first" }, revision = { N = tostring(var.revision) } })
}

resource "aws_secretsmanager_secret" "password" {
  name                    = "further"
  description             = local.revised ? "revised" : "first"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "password" {
  secret_id     = aws_secretsmanager_secret.password.id
  secret_string = "a change of it would replace the version"
}

resource "aws_ssm_parameter" "secure" {
  name        = "/further/secure"
  type        = "SecureString"
  value       = "revision ${var.revision}"
  description = local.revised ? "revised" : "first"
}

resource "aws_scheduler_schedule_group" "group" {
  name = "further"
}

resource "aws_scheduler_schedule" "hourly" {
  name                = "hourly"
  group_name          = aws_scheduler_schedule_group.group.name
  schedule_expression = local.revised ? "rate(2 hours)" : "rate(1 hours)"
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_sqs_queue.work.arn
    role_arn = aws_iam_role.any.arn
    input    = jsonencode({ revision = var.revision })
  }
}

resource "aws_cloudwatch_event_bus" "bus" {
  name = "further"
}

resource "aws_cloudwatch_event_rule" "bus" {
  name           = "further"
  event_bus_name = aws_cloudwatch_event_bus.bus.name
  event_pattern  = jsonencode({ source = ["further.${var.revision}"] })
}

resource "aws_cloudwatch_event_target" "bus" {
  rule           = aws_cloudwatch_event_rule.bus.name
  event_bus_name = aws_cloudwatch_event_bus.bus.name
  arn            = aws_sqs_queue.work.arn
  input_transformer {
    input_paths    = { kind = "$.detail-type" }
    input_template = "{\"kind\": <kind>, \"revision\": ${var.revision}}"
  }
}

resource "aws_cloudwatch_log_group" "logs" {
  name = "/further"
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "errors"
  log_group_name = aws_cloudwatch_log_group.logs.name
  pattern        = local.revised ? "ERROR" : "WARN"
  metric_transformation {
    name      = "Errors"
    namespace = "Further"
    value     = "1"
  }
}

resource "aws_cloudwatch_log_subscription_filter" "stream" {
  name            = "stream"
  log_group_name  = aws_cloudwatch_log_group.logs.name
  filter_pattern  = ""
  destination_arn = aws_kinesis_stream.events.arn
  role_arn        = aws_iam_role.any.arn
}

resource "aws_cloudwatch_dashboard" "board" {
  dashboard_name = "further"
  dashboard_body = jsonencode({ widgets = [{ type = "text", x = 0, y = 0, width = 3, height = 3, properties = { markdown = "revision ${var.revision}" } }] })
}

resource "aws_sfn_state_machine" "express" {
  name       = "further"
  role_arn   = aws_iam_role.any.arn
  type       = "EXPRESS"
  publish    = true
  definition = jsonencode({ StartAt = "P", States = { P = { Type = "Pass", Result = { revision = var.revision }, End = true } } })
  depends_on = [aws_iam_role_policy.any]
}

resource "aws_sfn_alias" "live" {
  name = "live"
  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.express.state_machine_version_arn
    weight                    = 100
  }
}

resource "aws_sfn_activity" "manual" {
  name = "further"
}

resource "aws_kms_key" "key" {
  description             = "further"
  deletion_window_in_days = 7
}

resource "aws_kms_key_policy" "key" {
  key_id = aws_kms_key.key.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = local.revised ? "Revised" : "First"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_s3_bucket" "files" {
  bucket        = "further-files"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "files" {
  bucket = aws_s3_bucket.files.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "files" {
  bucket = aws_s3_bucket.files.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.key.arn
    }
    bucket_key_enabled = local.revised
  }
}

resource "aws_s3_bucket_ownership_controls" "files" {
  bucket = aws_s3_bucket.files.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "files" {
  bucket = aws_s3_bucket.files.id
  rule {
    id     = "expire"
    status = "Enabled"
    filter {
      prefix = "old/"
    }
    expiration {
      days = local.revised ? 14 : 7
    }
  }
}

resource "aws_s3_object" "code" {
  bucket = aws_s3_bucket.files.id
  key    = "code.jar"
  source = var.bundle
}

resource "aws_kinesisanalyticsv2_application" "flink" {
  name                   = "further"
  description            = "A change of it would replace the application"
  runtime_environment    = "FLINK-1_20"
  service_execution_role = aws_iam_role.any.arn
  application_configuration {
    application_code_configuration {
      code_content_type = "ZIPFILE"
      code_content {
        s3_content_location {
          bucket_arn = aws_s3_bucket.files.arn
          file_key   = aws_s3_object.code.key
        }
      }
    }
    environment_properties {
      property_group {
        property_group_id = "settings"
        property_map      = { revision = tostring(var.revision) }
      }
    }
  }
  depends_on = [aws_iam_role_policy.any]
}

resource "aws_msk_cluster" "shared" {
  cluster_name           = "further"
  kafka_version          = "3.9.x"
  number_of_broker_nodes = 2
  enhanced_monitoring    = local.revised ? "PER_BROKER" : "DEFAULT"
  broker_node_group_info {
    instance_type   = "kafka.m7g.large"
    client_subnets  = ["subnet-1", "subnet-2"]
    security_groups = ["sg-1"]
    storage_info {
      ebs_storage_info {
        volume_size = local.revised ? 20 : 10
      }
    }
    connectivity_info {
      vpc_connectivity {
        client_authentication {
          sasl {
            iam = true
          }
        }
      }
    }
  }
  client_authentication {
    sasl {
      iam   = true
      scram = true
    }
  }
  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.logs.name
      }
    }
  }
  tags = { revision = tostring(var.revision) }
}

resource "aws_msk_vpc_connection" "client" {
  authentication     = "SASL_IAM"
  target_cluster_arn = aws_msk_cluster.shared.arn
  vpc_id             = "vpc-1"
  client_subnets     = ["subnet-1", "subnet-2"]
  security_groups    = ["sg-1"]
  tags               = { revision = tostring(var.revision) }
}

resource "aws_glue_resource_policy" "catalog" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.any.arn }
      Action    = local.revised ? ["glue:GetTable", "glue:GetDatabase"] : ["glue:GetTable"]
      Resource  = "arn:aws:glue:us-east-1:111111111111:*"
    }]
  })
}

resource "aws_glue_catalog_database" "lake" {
  name        = "further"
  description = local.revised ? "revised" : "first"
}

resource "aws_glue_catalog_table" "orders" {
  name          = "orders"
  database_name = aws_glue_catalog_database.lake.name
  parameters    = { revision = tostring(var.revision) }
  storage_descriptor {
    columns {
      name = "id"
      type = "string"
    }
  }
}
