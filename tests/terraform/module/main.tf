# Resources of every service that streamgov deploys with, as a person would write them for the provider. The test applies
# them, plans to no change, changes `revision`, and destroys them.

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
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  s3_use_path_style           = true
  skip_region_validation      = true
  skip_requesting_account_id  = false
  skip_metadata_api_check     = true
  skip_credentials_validation = false
  default_tags {
    tags = { module = "terraform" }
  }
}

data "aws_caller_identity" "here" {}

data "aws_region" "here" {}

locals {
  account  = data.aws_caller_identity.here.account_id
  revised  = var.revision > 1
  datazone = "datazone.amazonaws.com"
}

# IAM

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com", "states.amazonaws.com", "events.amazonaws.com", "datazone.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "boundary" {
  name        = "terraform-boundary"
  description = "What a role may do at most"
  policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}

resource "aws_iam_role" "service" {
  name                 = "terraform-service"
  description          = local.revised ? "revised" : "first"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = aws_iam_policy.boundary.arn
  max_session_duration = local.revised ? 7200 : 3600
}

resource "aws_iam_role_policy" "service" {
  name = "inline"
  role = aws_iam_role.service.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = concat(["sqs:SendMessage", "states:StartExecution", "logs:*"], local.revised ? ["dynamodb:GetItem"] : [])
      Resource = "*"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "service" {
  role       = aws_iam_role.service.name
  policy_arn = aws_iam_policy.boundary.arn
}

# KMS

resource "aws_kms_key" "key" {
  description             = local.revised ? "revised" : "first"
  deletion_window_in_days = 7
  enable_key_rotation     = local.revised
}

resource "aws_kms_alias" "key" {
  name          = "alias/terraform"
  target_key_id = aws_kms_key.key.key_id
}

resource "aws_kms_grant" "key" {
  name              = "terraform"
  key_id            = aws_kms_key.key.key_id
  grantee_principal = aws_iam_role.service.arn
  operations        = ["Decrypt", "GenerateDataKey"]
}

# DynamoDB

resource "aws_dynamodb_table" "ledger" {
  name         = "terraform-ledger"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"
  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "sk"
    type = "S"
  }
  attribute {
    name = "status"
    type = "S"
  }
  global_secondary_index {
    name            = "by-status"
    hash_key        = "status"
    range_key       = "sk"
    projection_type = "ALL"
  }
  ttl {
    attribute_name = "expires"
    enabled        = local.revised
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.key.arn
  }
}

# SQS

resource "aws_sqs_queue" "dead" {
  name                      = "terraform-dead"
  message_retention_seconds = local.revised ? 86400 : 1209600
  kms_master_key_id         = aws_kms_key.key.arn
}

resource "aws_sqs_queue" "fifo" {
  name                        = "terraform.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  visibility_timeout_seconds  = 60
  redrive_policy              = null
}

resource "aws_sqs_queue_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.dead.arn
    }]
  })
}

# Lambda

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/terraform"
  retention_in_days = local.revised ? 30 : 7
}

resource "aws_lambda_function" "function" {
  function_name    = "terraform"
  role             = aws_iam_role.service.arn
  runtime          = "python3.13"
  handler          = "main.handler"
  filename         = var.bundle
  source_code_hash = filebase64sha256(var.bundle)
  timeout          = local.revised ? 20 : 10
  memory_size      = 256
  architectures    = ["arm64"]
  environment {
    variables = { REVISION = tostring(var.revision) }
  }
  dead_letter_config {
    target_arn = aws_sqs_queue.dead.arn
  }
  tracing_config {
    mode = "Active"
  }
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.service]
}

resource "aws_lambda_alias" "function" {
  name             = "live"
  function_name    = aws_lambda_function.function.function_name
  function_version = "$LATEST"
}

resource "aws_lambda_permission" "function" {
  statement_id  = "events"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.function.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.grants.arn
}

resource "aws_lambda_function_event_invoke_config" "function" {
  function_name                = aws_lambda_function.function.function_name
  maximum_retry_attempts       = local.revised ? 1 : 0
  maximum_event_age_in_seconds = 3600
}

# Step Functions

resource "aws_cloudwatch_log_group" "machine" {
  name = "/aws/vendedlogs/states/terraform"
}

resource "aws_sfn_state_machine" "machine" {
  name     = "terraform"
  role_arn = aws_iam_role.service.arn
  definition = jsonencode({
    Comment = local.revised ? "revised" : "first"
    StartAt = "Done"
    States  = { Done = { Type = "Succeed" } }
  })
  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.machine.arn}:*"
  }
  depends_on = [aws_iam_role_policy.service]
}

# EventBridge

resource "aws_cloudwatch_event_rule" "grants" {
  name        = "terraform-grants"
  description = local.revised ? "revised" : "first"
  event_pattern = jsonencode({
    source        = ["aws.datazone"]
    "detail-type" = ["Subscription Grant Requested"]
  })
}

resource "aws_cloudwatch_event_rule" "schedule" {
  name                = "terraform-schedule"
  schedule_expression = local.revised ? "rate(2 hours)" : "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "machine" {
  rule      = aws_cloudwatch_event_rule.grants.name
  target_id = "machine"
  arn       = aws_sfn_state_machine.machine.arn
  role_arn  = aws_iam_role.service.arn
  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = local.revised ? 5 : 4
  }
}

resource "aws_cloudwatch_event_target" "function" {
  rule  = aws_cloudwatch_event_rule.schedule.name
  arn   = aws_lambda_function.function.arn
  input = jsonencode({ action = "sync" })
}

# Parameters, buckets, alarms

resource "aws_ssm_parameter" "setting" {
  name  = "/terraform/setting"
  type  = "String"
  value = "revision ${var.revision}"
}

resource "aws_s3_bucket" "trail" {
  bucket        = "terraform-trail-${local.account}"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "trail" {
  bucket                  = aws_s3_bucket.trail.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "trail" {
  bucket = aws_s3_bucket.trail.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = aws_s3_bucket.trail.arn
      },
      {
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.trail.arn}/*"
      }
    ]
  })
}

resource "aws_cloudtrail" "trail" {
  name           = "terraform"
  s3_bucket_name = aws_s3_bucket.trail.id
  depends_on     = [aws_s3_bucket_policy.trail]
}

resource "aws_sns_topic" "alarms" {
  name = "terraform-alarms"
}

resource "aws_cloudwatch_metric_alarm" "dead" {
  alarm_name          = "terraform-dead"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "ApproximateNumberOfMessagesVisible"
  namespace           = "AWS/SQS"
  period              = 300
  statistic           = "Maximum"
  threshold           = local.revised ? 1 : 0
  alarm_actions       = [aws_sns_topic.alarms.arn]
  dimensions          = { QueueName = aws_sqs_queue.dead.name }
}

# Glue

resource "aws_glue_registry" "registry" {
  registry_name = "terraform"
  description   = local.revised ? "revised" : "first"
}

resource "aws_glue_schema" "orders" {
  schema_name   = "orders"
  registry_arn  = aws_glue_registry.registry.arn
  data_format   = "AVRO"
  compatibility = "BACKWARD"
  schema_definition = jsonencode({
    type = "record"
    name = "Order"
    fields = concat(
      [{ name = "id", type = "string" }],
      local.revised ? [{ name = "note", type = "string", default = "" }] : []
    )
  })
}

# Kinesis

resource "aws_kinesis_stream" "orders" {
  name             = "terraform-orders"
  shard_count      = 1
  retention_period = local.revised ? 48 : 24
  encryption_type  = "KMS"
  kms_key_id       = aws_kms_key.key.arn
}

resource "aws_kinesis_stream_consumer" "orders" {
  name       = "terraform"
  stream_arn = aws_kinesis_stream.orders.arn
}

resource "aws_kinesis_resource_policy" "orders" {
  resource_arn = aws_kinesis_stream.orders.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "read"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.service.arn }
      Action    = local.revised ? ["kinesis:DescribeStreamSummary", "kinesis:GetRecords"] : ["kinesis:GetRecords"]
      Resource  = aws_kinesis_stream.orders.arn
    }]
  })
}

# MSK

resource "aws_msk_configuration" "events" {
  name              = "terraform"
  kafka_versions    = ["3.6.0"]
  server_properties = "auto.create.topics.enable=false\n"
}

resource "aws_msk_cluster" "events" {
  cluster_name           = "terraform-events"
  kafka_version          = "3.6.0"
  number_of_broker_nodes = 2
  broker_node_group_info {
    instance_type   = local.revised ? "kafka.m7g.xlarge" : "kafka.m7g.large"
    client_subnets  = ["subnet-1", "subnet-2"]
    security_groups = ["sg-1"]
    storage_info {
      ebs_storage_info {
        volume_size = 100
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
      iam = true
    }
  }
  configuration_info {
    arn      = aws_msk_configuration.events.arn
    revision = aws_msk_configuration.events.latest_revision
  }
}

resource "aws_msk_cluster_policy" "events" {
  cluster_arn = aws_msk_cluster.events.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "connect"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.service.arn }
      Action    = concat(["kafka:CreateVpcConnection"], local.revised ? ["kafka:GetBootstrapBrokers"] : [])
      Resource  = aws_msk_cluster.events.arn
    }]
  })
}

resource "aws_msk_serverless_cluster" "events" {
  cluster_name = "terraform-serverless"
  vpc_config {
    subnet_ids         = ["subnet-1", "subnet-2"]
    security_group_ids = ["sg-1"]
  }
  client_authentication {
    sasl {
      iam {
        enabled = true
      }
    }
  }
}

# DataZone

resource "aws_datazone_domain" "domain" {
  name                  = "terraform"
  description           = "A domain that data sources read: a change of it would make them unknown"
  domain_execution_role = aws_iam_role.service.arn
}

resource "aws_datazone_project" "producer" {
  domain_identifier   = aws_datazone_domain.domain.id
  name                = "PRODUCER"
  description         = local.revised ? "revised" : "first"
  skip_deletion_check = true
}

resource "aws_datazone_form_type" "source" {
  domain_identifier         = aws_datazone_domain.domain.id
  owning_project_identifier = aws_datazone_project.producer.id
  name                      = "SourceFormType"
  status                    = "DISABLED"
  model {
    smithy = "structure SourceFormType {\n\t@required\n\tsource_arn: String\n}\n"
  }
}

resource "aws_datazone_asset_type" "topic" {
  domain_identifier         = aws_datazone_domain.domain.id
  owning_project_identifier = aws_datazone_project.producer.id
  name                      = "TopicType"
}

resource "aws_datazone_glossary" "terms" {
  domain_identifier         = aws_datazone_domain.domain.id
  owning_project_identifier = aws_datazone_project.producer.id
  name                      = "terms"
  status                    = "ENABLED"
  description               = local.revised ? "revised" : "first"
}

resource "aws_datazone_glossary_term" "order" {
  domain_identifier   = aws_datazone_domain.domain.id
  glossary_identifier = aws_datazone_glossary.terms.id
  name                = "order"
  status              = "ENABLED"
  short_description   = local.revised ? "revised" : "first"
}

resource "aws_datazone_user_profile" "service" {
  domain_identifier = aws_datazone_domain.domain.id
  user_identifier   = aws_iam_role.service.arn
  user_type         = "IAM_ROLE"
}

data "aws_datazone_environment_blueprint" "custom" {
  domain_id = aws_datazone_domain.domain.id
  name      = "CustomAwsService"
  managed   = true
}

resource "aws_datazone_environment_blueprint_configuration" "custom" {
  domain_id                = aws_datazone_domain.domain.id
  environment_blueprint_id = data.aws_datazone_environment_blueprint.custom.id
  enabled_regions          = [data.aws_region.here.name]
}

resource "aws_datazone_environment_profile" "custom" {
  domain_identifier                = aws_datazone_domain.domain.id
  project_identifier               = aws_datazone_project.producer.id
  environment_blueprint_identifier = data.aws_datazone_environment_blueprint.custom.id
  aws_account_id                   = local.account
  aws_account_region               = data.aws_region.here.name
  name                             = "custom"
  description                      = local.revised ? "revised" : "first"
  depends_on                       = [aws_datazone_environment_blueprint_configuration.custom]
}

resource "aws_datazone_environment" "custom" {
  domain_identifier    = aws_datazone_domain.domain.id
  project_identifier   = aws_datazone_project.producer.id
  profile_identifier   = aws_datazone_environment_profile.custom.id
  name                 = "custom"
  account_identifier   = local.account
  account_region       = data.aws_region.here.name
  blueprint_identifier = aws_datazone_environment_blueprint_configuration.custom.environment_blueprint_id
}

# Sharing

resource "aws_ram_resource_share" "domain" {
  name                      = "terraform"
  allow_external_principals = true
}

resource "aws_ram_resource_association" "domain" {
  resource_arn       = aws_datazone_domain.domain.arn
  resource_share_arn = aws_ram_resource_share.domain.arn
}

resource "aws_ram_principal_association" "member" {
  principal          = "222222222222"
  resource_share_arn = aws_ram_resource_share.domain.arn
}
