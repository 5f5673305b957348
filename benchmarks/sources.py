"""Makes folders of Terraform source, for measuring: what it makes depends on its arguments alone.

The mix is that of a real estate: seven providers and an alias, keys, buckets, databases, queues, networks
and machines that refer to one another, labels as maps and as lists, merged locals, templates, heredocs,
`dynamic`, `count`, `for_each`, local modules. No variable needs a value from outside. SHAPES tells what can
be made of the mix.
"""

from __future__ import annotations

import itertools
import json
import re
import string
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

LEVELS = ("public", "internal", "confidential", "restricted", "TBD")
WORDS = ("orders", "invoices", "claims", "sensors", "archive", "payroll", "catalogue", "visits", "permits")

REPLICAS = 2
SHARDS = 3
QUEUES = 2
"""How many instances `count` and `for_each` give, as SUPPORT states them."""


class _Text(string.Template):
    """HCL with names to fill in: `@name`, since Terraform's own templates use the dollar."""

    delimiter = "@"


@dataclass(frozen=True)
class Piece:
    """A resource block of a pattern and how many instances Terraform makes of it."""

    text: _Text
    instances: int = 1


@dataclass(frozen=True)
class File:
    """A file of source.

    Attributes:
        path: below the folder of all.
        blocks: its resource blocks.
        instances: the managed resources that a plan would hold for them, over all calls of their module.

    """

    path: str
    text: str
    blocks: int = 0
    instances: int = 0


@dataclass
class Made:
    """What a folder holds."""

    files: int = 0
    size: int = 0
    blocks: int = 0
    instances: int = 0


@dataclass
class Module:
    """A module under construction.

    Attributes:
        folder: its path, which ends in a slash unless it is empty.
        word: what its names begin with.
        times: how many instances of the module there are.
        numbers: the number of each pattern: names, labels and kinds follow from it.

    """

    folder: str
    word: str
    times: int = 1
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def support(self, name: str, text: _Text) -> File:
        """Make a file without resources."""
        return File(f"{self.folder}{name}", text.substitute(dash=self.word))

    def resources(self, name: str, number: int) -> File:
        """Make a file of so many resource blocks; the last pattern ends where the number is reached."""
        texts: list[str] = []
        instances = 0
        for text, made in itertools.islice(self._blocks(), number):
            texts.append(text)
            instances += made
        return File(f"{self.folder}{name}", "\n".join(texts), number, instances * self.times)

    def _blocks(self) -> Iterator[tuple[str, int]]:
        for number in self.numbers:
            word = WORDS[number % len(WORDS)]
            names = {
                "name": f"{word}_{number}",
                "dash": f"{word}-{number}",
                # Each kind of resource meets each level in turn.
                "level": LEVELS[(number + number // len(PATTERNS)) % len(LEVELS)],
                "team": f"team-{number % 40}",
                "gigabytes": 20 + number % 8 * 20,
                "octet": number % 250,
            }
            for piece in PATTERNS[number % len(PATTERNS)]:
                yield piece.text.substitute(names), piece.instances


# -- shapes ------------------------------------------------------------------------------------------------


def thousand() -> Iterator[File]:
    """Give a root module with two modules of its own: 1,000 resource blocks in 20 files."""
    store = Module("modules/store/", "store", times=SHARDS)
    yield from _module(store, [12])
    service = Module("modules/service/", "service")
    yield from _module(service, [16])
    calls = [
        _call("store", "./modules/store", "for_each = local.shards"),
        _call("service", "./modules/service"),
    ]
    yield from _root(Module("", "estate"), [108] * 9, calls)


def flat() -> Iterator[File]:
    """Give the same number of blocks in as many files, without modules."""
    yield from _root(Module("", "estate"), [67] * 10 + [66] * 5, [])


def large(size: int) -> Iterator[File]:
    """Give one root module with as many modules as make up so many bytes; each calls a shared one."""
    left, number = size, 0
    calls = []
    while left > 0:
        name = f"{WORDS[number % len(WORDS)]}-{number}"
        unit = Module(f"modules/{name}/", name, numbers=itertools.count(number * 7))
        yield unit.support("modules.tf", _call("shared", "../shared", "count = 1"))
        for file in _module(unit, [165] * 10):
            yield file
            left -= len(file.text.encode())
            if left <= 0:
                break
        calls.append(_call(name, f"./modules/{name}"))
        number += 1
    yield from _module(Module("modules/shared/", "shared", times=number), [8])
    yield from _root(Module("", "estate"), [40], calls)


def repository(roots: int) -> Iterator[File]:
    """Give so many root modules of 20 files and the modules of 4 files that they share.

    46 of them make 1,000 files and 5,110 resource blocks.
    """
    shared = -(-roots * 20 // 46)
    called = [0] * shared
    for number in range(roots):
        name = f"{WORDS[number % len(WORDS)]}-{number}"
        calls = []
        for chosen in (2 * number % shared, (2 * number + 1) % shared):
            called[chosen] += 1
            calls.append(_call(f"shared-{chosen}", f"../../modules/shared-{chosen}"))
        module = Module(f"live/{name}/", name, numbers=itertools.count(number * 7))
        yield from _root(module, [7] * 15, calls)
    for number, times in enumerate(called):
        name = f"shared-{number}"
        module = Module(f"modules/{name}/", name, times, itertools.count(number * 7))
        yield from _module(module, [7] * 2)


def one() -> Iterator[File]:
    """Give a file with one resource."""
    yield File("main.tf", ONE.substitute(), 1, 1)


def _root(module: Module, numbers: list[int], calls: list[_Text]) -> Iterator[File]:
    """Give five files that hold no resource, and one for each number, with so many blocks."""
    yield module.support("versions.tf", BACKEND)
    yield module.support("providers.tf", PROVIDERS)
    yield module.support("variables.tf", VARIABLES)
    yield module.support("locals.tf", LOCALS)
    yield module.support("modules.tf", _Text("\n".join(call.template for call in calls)))
    yield from _resource_files(module, numbers)


def _module(module: Module, numbers: list[int]) -> Iterator[File]:
    """Give two files that hold no resource, and one for each number, with so many blocks."""
    yield module.support("main.tf", _Text(f"{ALIASES.template}\n{LOCALS.template}\n{OUTPUTS.template}"))
    yield module.support("variables.tf", VARIABLES)
    yield from _resource_files(module, numbers)


def _resource_files(module: Module, numbers: list[int]) -> Iterator[File]:
    for at, number in enumerate(numbers):
        yield module.resources(f"{WORDS[at % len(WORDS)]}_{at}.tf", number)


def _call(name: str, source: str, repeat: str = "") -> _Text:
    """Make a module call; `repeat`: its `count` or `for_each`, a line of its own."""
    text = CALL.substitute(name=name.replace("-", "_"), source=source)
    return _Text(text.replace("  source", f"  {repeat}\n\n  source", 1) if repeat else text)


# -- writing -----------------------------------------------------------------------------------------------


def write(folder: Path, files: Iterator[File]) -> Made:
    """Write files below a folder and count them."""
    made = Made()
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        content = file.text.encode()
        path.write_bytes(content)
        made.files += 1
        made.size += len(content)
        made.blocks += file.blocks
        made.instances += file.instances
    return made


def change(path: Path, number: int) -> None:
    """Change one value of a file, the first team that it names, to one that no file had.

    Raises:
        ValueError: no resource of the file names a team.

    """
    text, changed = re.subn(r'"team-[^"]*"', f'"team-changed-{number}"', path.read_text(), count=1)
    if not changed:
        raise ValueError(path)
    path.write_text(text)


SHAPES: dict[str, Callable[[int], Iterator[File]]] = {
    "one": lambda _: one(),
    "thousand": lambda _: thousand(),
    "flat": lambda _: flat(),
    "large": large,
    "repository": repository,
}
"""What can be made; the number is the bytes of a large module, or the roots of a repository."""


# -- what the files are made of ----------------------------------------------------------------------------

ONE = _Text("""\
provider "aws" {
  region = "eu-west-3"
}

resource "aws_s3_bucket" "records" {
  bucket = "records"

  tags = {
    data-classification = "confidential"
  }
}
""")

_REQUIRED = """\
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"@aliases
    }
    scaleway = {
      source  = "scaleway/scaleway"
      version = ">= 2.40"
    }
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.0"
    }
    google = {
      source  = "hashicorp/google"
      version = ">= 6.0, < 8.0"
    }
    openstack = {
      source = "terraform-provider-openstack/openstack"
    }
    ovh = {
      source = "ovh/ovh"
    }
    random = {
      source = "hashicorp/random"
    }
"""

BACKEND = _Text(
    """\
terraform {
  required_version = ">= 1.5"

  backend "s3" {
    bucket  = "terraform-state"
    key     = "@dash/terraform.tfstate"
    region  = "eu-west-3"
    encrypt = true
  }

  required_providers {
"""
    + _REQUIRED.replace("@aliases", "")
    + "  }\n}\n"
)

ALIASES = _Text(
    "terraform {\n  required_providers {\n"
    + _REQUIRED.replace("@aliases", "\n\n      configuration_aliases = [aws.us]")
    + "  }\n}\n"
)

PROVIDERS = _Text("""\
provider "aws" {
  region = var.region

  default_tags {
    tags = {
      owner = "platform"
      state = "@dash"
    }
  }
}

# Only for what must stand near its users.
provider "aws" {
  alias  = "us"
  region = "us-east-1"
}

provider "scaleway" {
  region = "fr-par"
  zone   = "fr-par-1"
}

provider "azurerm" {
  features {}
}

provider "google" {
  project = "estate-${var.environment}"
  region  = "europe-west9"

  default_labels = {
    owner = "platform"
  }
}

provider "openstack" {
  auth_url = "https://auth.cloud.ovh.net/v3"
  region   = "GRA"
}

provider "ovh" {
  endpoint = "ovh-eu"
}
""")

VARIABLES = _Text("""\
variable "environment" {
  description = "Which copy of the estate this is."
  type        = string
  default     = "prod"

  validation {
    condition     = contains(["prod", "staging", "dev"], var.environment)
    error_message = "The environment must be prod, staging or dev."
  }
}

variable "region" {
  description = "Where things stand unless they say otherwise."
  type        = string
  default     = "eu-west-3"
}

variable "level" {
  description = "How sensitive the data is."
  type        = string
  default     = "confidential"
}

variable "replicas" {
  type    = number
  default = 2
}

variable "cidr" {
  type    = string
  default = "10.20.0.0/16"
}

variable "ports" {
  type = list(object({
    from        = number
    to          = optional(number)
    description = optional(string, "")
  }))
  default = [{ from = 443 }, { from = 8080, to = 8089, description = "services" }]
}

variable "tags" {
  type    = map(string)
  default = {}
}
""")

LOCALS = _Text("""\
locals {
  is_production = var.environment == "prod"
  prefix        = lower(format("%s-%s", var.environment, "@dash"))

  tags = merge(var.tags, {
    environment = var.environment
    managed-by  = "terraform"
    "part/of"   = "@dash"
  })

  labels = { for key, value in local.tags : replace(key, "/", "-") => lower(value) }
  pairs  = [for key, value in local.labels : "${key}=${value}" if value != ""]

  shards = {
    north = { size = 20, level = "internal" }
    south = { size = 40, level = "confidential" }
    west  = { size = 80, level = var.level }
  }

  queues = toset(["events", "retries"])
}
""")

OUTPUTS = _Text("""\
output "prefix" {
  description = "What names of @dash begin with."
  value       = local.prefix
}

output "tags" {
  value = local.tags
}
""")

CALL = _Text("""\
module "@name" {
  source = "@source"

  environment = var.environment
  region      = var.region
  level       = "confidential"
  replicas    = var.replicas
  cidr        = cidrsubnet(var.cidr, 4, 1)
  tags        = merge(local.tags, { called-as = "@name" })

  providers = {
    aws    = aws
    aws.us = aws.us
  }
}
""")


def _pattern(*pieces: str | tuple[str, int]) -> tuple[Piece, ...]:
    return tuple(
        Piece(_Text(piece)) if isinstance(piece, str) else Piece(_Text(piece[0]), piece[1])
        for piece in pieces
    )


STORAGE = _pattern(
    """\
resource "aws_kms_key" "@name" {
  description             = "Key of ${local.prefix}-@dash"
  deletion_window_in_days = 30
  enable_key_rotation     = true
  tags                    = local.tags
}
""",
    """\
resource "aws_kms_alias" "@name" {
  name          = "alias/@dash"
  target_key_id = aws_kms_key.@name.key_id
}
""",
    """\
resource "aws_s3_bucket" "@name" {
  bucket        = "${local.prefix}-@dash"
  force_destroy = !local.is_production

  tags = merge(local.tags, {
    Name                = "@dash"
    team                = "@team"
    data-classification = "@level"
  })
}
""",
    """\
resource "aws_s3_bucket_versioning" "@name" {
  bucket = aws_s3_bucket.@name.id

  versioning_configuration {
    status = local.is_production ? "Enabled" : "Suspended"
  }
}
""",
    """\
resource "aws_s3_bucket_server_side_encryption_configuration" "@name" {
  bucket = aws_s3_bucket.@name.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = aws_kms_key.@name.arn
      sse_algorithm     = "aws:kms"
    }
  }
}
""",
    """\
resource "aws_s3_bucket_policy" "@name" {
  bucket = aws_s3_bucket.@name.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyOverTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.@name.arn, "${aws_s3_bucket.@name.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
""",
)

DATABASE = _pattern(
    """\
resource "random_password" "@name" {
  length  = 32
  special = false
}
""",
    """\
resource "aws_db_instance" "@name" {
  provider = aws.us

  identifier              = "${local.prefix}-@dash"
  engine                  = "postgres"
  engine_version          = "16.4"
  instance_class          = local.is_production ? "db.r6g.large" : "db.t4g.small"
  allocated_storage       = @gigabytes
  username                = "owner"
  password                = random_password.@name.result
  storage_encrypted       = true
  backup_retention_period = 14

  tags = merge(local.tags, { data-classification = var.level, team = "@team" })

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [password]
  }
}
""",
    (
        """\
resource "aws_db_instance" "@{name}_replica" {
  provider = aws.us
  count    = var.replicas

  identifier          = "${local.prefix}-@dash-${count.index}"
  replicate_source_db = aws_db_instance.@name.identifier
  instance_class      = aws_db_instance.@name.instance_class
  skip_final_snapshot = true
  tags                = aws_db_instance.@name.tags
}
""",
        REPLICAS,
    ),
)

QUEUES_OF = _pattern(
    """\
resource "aws_sqs_queue" "@{name}_dead" {
  name                      = "${local.prefix}-@dash-dead"
  message_retention_seconds = 14 * 24 * 60 * 60
  tags                      = merge(local.tags, { classification = "@level" })
}
""",
    (
        """\
resource "aws_sqs_queue" "@name" {
  for_each = local.queues

  name                       = "${local.prefix}-@dash-${each.key}"
  visibility_timeout_seconds = 120
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.@{name}_dead.arn
    maxReceiveCount     = 5
  })

  tags = merge(local.tags, { Name = each.value, team = "@team" })
}
""",
        QUEUES,
    ),
    (
        """\
resource "aws_sns_topic" "@name" {
  count = local.is_production ? 0 : 1

  name = "${local.prefix}-@dash"
  tags = local.tags
}
""",
        0,
    ),
)

IDENTITY = _pattern(
    """\
# Assumed by the functions of @dash only.
resource "aws_iam_role" "@name" {
  name = "${local.prefix}-@dash"

  assume_role_policy = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": "sts:AssumeRole",
          "Principal": { "Service": "lambda.amazonaws.com" }
        }
      ]
    }
  EOT

  tags = local.tags
}
""",
    """\
resource "aws_iam_role_policy_attachment" "@name" {
  role       = aws_iam_role.@name.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}
""",
    """\
resource "aws_cloudwatch_log_group" "@name" {
  name              = "/aws/lambda/${local.prefix}-@dash"
  retention_in_days = lookup({ prod = 365, staging = 30 }, var.environment, 7)
  tags              = local.tags
}
""",
    """\
resource "aws_lambda_function" "@name" {
  function_name = "${local.prefix}-@dash"
  role          = aws_iam_role.@name.arn
  runtime       = "python3.13"
  handler       = "main.handle"
  filename      = "@dash.zip"
  memory_size   = 256
  timeout       = 30

  environment {
    variables = {
      LEVEL     = upper(var.level)
      LOG_GROUP = aws_cloudwatch_log_group.@name.name
    }
  }

  tags       = merge(local.tags, { data-classification = "@level" })
  depends_on = [aws_iam_role_policy_attachment.@name]
}
""",
)

NETWORK = _pattern(
    """\
resource "aws_vpc" "@name" {
  cidr_block           = cidrsubnet(var.cidr, 4, @octet % 16)
  enable_dns_hostnames = true
  tags                 = merge(local.tags, { Name = "@dash" })
}
""",
    (
        """\
resource "aws_subnet" "@name" {
  count = 2

  vpc_id            = aws_vpc.@name.id
  cidr_block        = cidrsubnet(aws_vpc.@name.cidr_block, 4, count.index)
  availability_zone = "${var.region}${element(["a", "b", "c"], count.index)}"
  tags              = local.tags
}
""",
        2,
    ),
    """\
resource "aws_security_group" "@name" {
  name        = "${local.prefix}-@dash"
  description = "What may reach @dash"
  vpc_id      = aws_vpc.@name.id

  dynamic "ingress" {
    for_each = [for port in var.ports : port if port.from > 0]
    content {
      description = ingress.value.description
      from_port   = ingress.value.from
      to_port     = coalesce(ingress.value.to, ingress.value.from)
      protocol    = "tcp"
      cidr_blocks = [var.cidr]
    }
  }

  tags = local.tags
}
""",
    """\
resource "aws_internet_gateway" "@name" {
  vpc_id = aws_vpc.@name.id
  tags   = local.tags
}
""",
    """\
resource "aws_vpc_endpoint" "@name" {
  vpc_id            = aws_vpc.@name.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
}
""",
)

MACHINES = _pattern(
    """\
resource "aws_instance" "@name" {
  ami               = "ami-0@{octet}f00d"
  instance_type     = "m7g.large"
  availability_zone = "${var.region}a"
  monitoring        = true

  root_block_device {
    volume_size = @gigabytes
    encrypted   = true
  }

  tags = merge(local.tags, { Name = "@dash", team = "@team" })
}
""",
    (
        """\
resource "aws_ebs_volume" "@name" {
  for_each = local.shards

  availability_zone = aws_instance.@name.availability_zone
  size              = each.value.size
  encrypted         = true
  tags              = merge(local.tags, { data-classification = each.value.level })
}
""",
        SHARDS,
    ),
    """\
resource "aws_volume_attachment" "@name" {
  device_name = "/dev/sdh"
  volume_id   = aws_ebs_volume.@name["north"].id
  instance_id = aws_instance.@name.id
}
""",
)

SCALEWAY = _pattern(
    """\
resource "scaleway_object_bucket" "@name" {
  name = "${local.prefix}-@dash"

  tags = {
    team                = "@team"
    data-classification = "@level"
  }

  lifecycle_rule {
    id      = "expire"
    enabled = true

    expiration {
      days = 365
    }
  }
}
""",
    """\
resource "scaleway_rdb_instance" "@name" {
  name              = "@dash"
  node_type         = "DB-DEV-S"
  engine            = "PostgreSQL-16"
  is_ha_cluster     = local.is_production
  disable_backup    = false
  volume_type       = "sbs_5k"
  volume_size_in_gb = @gigabytes
  region            = "fr-par"
  tags              = concat(local.pairs, ["team=@team", "data-classification=@level"])
}
""",
    """\
resource "scaleway_iam_application" "@name" {
  name = "@dash"
}
""",
    """\
resource "scaleway_rdb_database" "@name" {
  instance_id = scaleway_rdb_instance.@name.id
  name        = replace("@dash", "-", "_")
}
""",
)

AZURE = _pattern(
    """\
resource "azurerm_resource_group" "@name" {
  name     = "${local.prefix}-@dash"
  location = "France Central"
  tags     = local.labels
}
""",
    """\
resource "azurerm_storage_account" "@name" {
  name                     = substr(replace("${local.prefix}@dash", "-", ""), 0, 24)
  resource_group_name      = azurerm_resource_group.@name.name
  location                 = azurerm_resource_group.@name.location
  account_tier             = "Standard"
  account_replication_type = "ZRS"

  tags = merge(local.labels, {
    "data-classification" = "@level"
    "team"                = "@team"
  })
}
""",
    """\
resource "azurerm_storage_container" "@name" {
  name                  = "@dash"
  storage_account_id    = azurerm_storage_account.@name.id
  container_access_type = "private"
}
""",
)

GOOGLE = _pattern(
    """\
resource "google_storage_bucket" "@name" {
  name                        = "${local.prefix}-@dash"
  location                    = "EUROPE-WEST9"
  uniform_bucket_level_access = true

  labels = merge(local.labels, { data-classification = "@level" })

  lifecycle_rule {
    condition {
      age = 30
    }
    action {
      type          = "SetStorageClass"
      storage_class = "NEARLINE"
    }
  }
}
""",
    """\
resource "google_sql_database_instance" "@name" {
  name                = "@dash"
  database_version    = "POSTGRES_16"
  region              = "europe-west9"
  deletion_protection = local.is_production

  settings {
    tier        = "db-custom-2-7680"
    disk_size   = @gigabytes
    user_labels = merge(local.labels, { team = "@team" })

    backup_configuration {
      enabled    = true
      start_time = "02:30"
    }
  }
}
""",
    """\
resource "google_service_account" "@name" {
  account_id   = "@dash"
  display_name = "Reads ${google_storage_bucket.@name.name}"
}
""",
    """\
resource "google_pubsub_topic" "@name" {
  name   = "@dash"
  labels = local.labels
}
""",
)

OVH = _pattern(
    """\
resource "openstack_objectstorage_container_v1" "@name" {
  name = "@dash"

  metadata = {
    classification = "@level"
    team           = "@team"
  }
}
""",
    """\
resource "openstack_blockstorage_volume_v3" "@name" {
  name     = "${local.prefix}-@dash"
  size     = @gigabytes
  metadata = local.labels
}
""",
    """\
resource "ovh_cloud_project_database" "@name" {
  service_name = "0123456789abcdef"
  description  = <<EOT
Database of @dash, ${local.is_production ? "in use" : "for trials"}.
EOT
  engine       = "postgresql"
  version      = "16"
  plan         = "business"
  flavor       = "db1-7"

  nodes {
    region = "GRA"
  }

  nodes {
    region = "GRA"
  }
}
""",
)

PATTERNS: tuple[tuple[Piece, ...], ...] = (
    STORAGE,
    SCALEWAY,
    DATABASE,
    GOOGLE,
    IDENTITY,
    AZURE,
    QUEUES_OF,
    OVH,
    NETWORK,
    MACHINES,
)


if __name__ == "__main__":
    print(json.dumps(asdict(write(Path(sys.argv[2]), SHAPES[sys.argv[1]](int(sys.argv[3]))))))
