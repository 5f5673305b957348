"""What a review of flows found: passes that were silent, secrets that were printed, work without end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.builders import Plan, Refers
from tests.command import run

HEAD = """
provider "scaleway" {
  region = "fr-par"
}
resource "scaleway_iot_hub" "h" {
  name         = "h"
  product_plan = "x"
  tags         = ["DataClassification=sensitive"]
}
"""


def route(name: str, uri: str) -> str:
    return f'''
resource "scaleway_iot_route" "{name}" {{
  hub_id = scaleway_iot_hub.h.id
  topic  = "x"
  rest {{
    uri     = "{uri}"
    verb    = "post"
    headers = {{}}
  }}
}}
'''


def scan(folder: Path, text: str, *options: str, config: str = "") -> tuple[int, str, dict[str, Any]]:
    folder.mkdir(exist_ok=True)
    (folder / "main.tf").write_text(text)
    if config:
        (folder / ".sovereign-guard.yaml").write_text(config)
    done = run("scan", ".", "--no-cache", "--format", "json", *options, cwd=folder)
    return done.returncode, done.stdout.decode(), json.loads(done.stdout)


def found(report: dict[str, Any], rule: str = "SOV004") -> dict[str, str]:
    return {one["address"]: one["verdict"] for one in report["findings"] if one["rule"] == rule}


def of_plan(plan: Plan, tmp_path: Path) -> dict[str, str]:
    plan.write(tmp_path / "plan.json")
    done = run("scan", "plan.json", "--source", "", "--format", "json", cwd=tmp_path)
    return found(json.loads(done.stdout))


SCALEWAY = {"region": "fr-par", "endpoints": {"s3": "https://s3.fr-par.scw.cloud"}}
NOT_YET = {"id": True, "arn": True, "bucket": True}


def buckets(sensitive: str = "b") -> Plan:
    """Buckets `a` and `b` at Scaleway, of which one is sensitive, and one bucket in the United States."""
    plan = Plan().provider("aws", region="us-east-1").provider("aws.scw", **SCALEWAY)
    for key in "ab":
        tags = {"DataClassification": "sensitive" if key == sensitive else "public"}
        address = f'aws_s3_bucket.src["{key}"]'
        plan.add(
            address, provider="aws.scw", unknown=NOT_YET, tags=tags, written={"tags": Refers("each.key")}
        )
    return plan.add("aws_s3_bucket.us", unknown=NOT_YET)


def replicate(plan: Plan, bucket: Refers, rule: Any, key: str = '["a"]') -> Plan:
    return plan.add(
        f"aws_s3_bucket_replication_configuration.r{key}",
        provider="aws.scw",
        unknown={"id": True, "bucket": True, "rule": [{"destination": [{"bucket": True}]}]},
        written={"bucket": bucket, "rule": rule},
        role="x",
        rule=[{"status": "Enabled", "destination": [{}]}],
    )


TO_US = [{"destination": [{"bucket": {"references": ["aws_s3_bucket.us.arn", "aws_s3_bucket.us"]}}]}]


def shown(plan: Plan) -> Plan:
    """Give the nested blocks of the rule as a plan shows them."""
    for block in plan.root["resources"]:
        if block["type"] == "aws_s3_bucket_replication_configuration" and "rule" in block["expressions"]:
            block["expressions"]["rule"] = TO_US
    return plan


def test_each_value_is_no_key_of_its_own(tmp_path: Path) -> None:
    plan = replicate(buckets(), Refers("aws_s3_bucket.src", "each.value"), "x")
    assert of_plan(shown(plan), tmp_path) == {"aws_s3_bucket.us": "unknown"}


def test_each_key_is(tmp_path: Path) -> None:
    other = replicate(buckets(), Refers("aws_s3_bucket.src", "each.key"), "x")
    assert of_plan(shown(other), tmp_path) == {}
    own = replicate(buckets("a"), Refers("aws_s3_bucket.src", "each.key"), "x")
    assert of_plan(shown(own), tmp_path) == {"aws_s3_bucket.us": "fail"}


def test_what_a_plan_does_not_show_of_dynamic_blocks_is_not_left_out(tmp_path: Path) -> None:
    plan = replicate(buckets("a"), Refers("aws_s3_bucket.src", "each.key"), None)
    assert of_plan(plan, tmp_path) == {'aws_s3_bucket.src["a"]': "unknown"}


def test_a_sender_beside_what_is_not_shown_may_be_any(tmp_path: Path) -> None:
    plan = replicate(buckets(), Refers('aws_s3_bucket.src["a"].id', "local.other"), "x", key="")
    assert of_plan(shown(plan), tmp_path) == {"aws_s3_bucket.us": "unknown"}


def test_a_sender_is_found_within_an_arn_and_a_host(tmp_path: Path) -> None:
    _code, _text, report = scan(
        tmp_path,
        """
provider "scaleway" {
  region = "fr-par"
}
resource "scaleway_object_bucket" "b" {
  name = "health-data"
  tags = { DataClassification = "sensitive" }
}
resource "aws_cloudfront_distribution" "c" {
  enabled = true
  origin {
    domain_name = "health-data.s3.fr-par.scw.cloud"
    origin_id   = "x"
  }
}
""",
    )
    assert found(report) == {"aws_cloudfront_distribution.c": "unknown"}


def test_credentials_in_a_destination_are_not_printed(tmp_path: Path) -> None:
    secret = "hunter2"
    for uri in (
        f"https://me:{secret}@hooks.example.com:8443/x",
        f"https://hooks.example.com/services/T0/{secret}?key={secret}",
        f"postgres://me:{secret}@db.example.com/x",
        f"Server=tcp:db.example.com;User=me;Password={secret}",
        f"me:{secret}@db.example.com:3306",
    ):
        _code, text, report = scan(tmp_path, HEAD + route("a", uri))
        assert found(report) == {"scaleway_iot_hub.h": "unknown"}, uri
        assert secret not in text, uri


def test_a_baseline_knows_where_data_went(tmp_path: Path) -> None:
    slack = HEAD + route("a", "https://hooks.slack.com/services/a")
    (tmp_path / "main.tf").write_text(slack)
    assert run("baseline", ".", "-o", "known.json", cwd=tmp_path).returncode == 0
    code, _text, _report = scan(tmp_path, slack, "--baseline", "known.json")
    assert code == 0
    both = slack + route("b", "https://http-intake.logs.datadoghq.com/x")
    code, _text, _report = scan(tmp_path, both, "--baseline", "known.json")
    assert code == 1


def test_a_new_destination_is_introduced(tmp_path: Path) -> None:
    plan = Plan().provider("scaleway", "scaleway/scaleway", region="fr-par")
    tags = ["DataClassification=sensitive"]
    stands = {"id": "h1", "tags": tags}
    plan.add("scaleway_iot_hub.h", actions=("no-op",), before=stands, **stands)
    old = {"hub_id": "h1", "rest": [{"uri": "https://hooks.slack.com/services/a"}]}
    new = {"hub_id": "h1", "rest": [{"uri": "https://http-intake.logs.datadoghq.com/x"}]}
    plan.add("scaleway_iot_route.a", actions=("no-op",), before=old, written={}, **old)
    for more, code in ((False, 0), (True, 1)):
        if more:
            plan.add("scaleway_iot_route.n", written={}, **new)
        plan.write(tmp_path / "plan.json")
        done = run("scan", "plan.json", "--source", "", "--fail-on", "introduced", cwd=tmp_path)
        assert done.returncode == code, done.stdout.decode()


def test_a_boundary_of_places_does_not_cover_what_leaves_them(tmp_path: Path) -> None:
    flows = 'flows:\n  - {from: "%s", to: "%s", reason: "inside", until: 2027-01-10}\n'
    text = HEAD + route("a", "https://hooks.slack.com/services/a")
    for begins, leads, left in (
        ("scaleway_*", "scaleway_*", True),
        ("scaleway_iot_hub.h", "scaleway_iot_route.a", False),
        ("scaleway_*", "https://hooks.slack.com/*", False),
    ):
        _code, _text, report = scan(tmp_path, text, "--as-of", "2026-11-24", config=flows % (begins, leads))
        assert bool(found(report)) is left, (begins, leads)


def test_a_long_document_is_read_to_its_end(tmp_path: Path) -> None:
    _code, _text, report = scan(
        tmp_path,
        """
provider "aws" {
  region = "fr-par"
  endpoints {
    sfn = "https://s3.fr-par.scw.cloud"
  }
}
resource "aws_sfn_state_machine" "s" {
  name       = "s"
  role_arn   = "x"
  tags       = { DataClassification = "sensitive" }
  definition = "{\\"pad\\": \\"%s\\", \\"to\\": \\"https://http-intake.logs.datadoghq.com/x\\"}"
}
"""
        % ("some words " * 20_000),
    )
    assert found(report) == {"aws_sfn_state_machine.s": "fail"}


def test_a_finding_of_many_flows_stays_short(tmp_path: Path) -> None:
    routes = "".join(route(f"r{at}", f"https://h{at}.example.com/x") for at in range(100))
    _code, _text, report = scan(tmp_path, HEAD + routes)
    (one,) = [one for one in report["findings"] if one["rule"] == "SOV004"]
    assert one["message"].endswith("and 80 flows more")
    assert len(one["evidence"]) < 100


AT_SCALEWAY = """
variable "host" {
  default = "somebody.example"
}
provider "aws" {
  region = "fr-par"
  endpoints {
    sns = "https://s3.fr-par.scw.cloud"
    sqs = "https://s3.fr-par.scw.cloud"
  }
}
resource "aws_sns_topic" "t" {
  name = "t"
  tags = { DataClassification = "sensitive" }
}
resource "aws_sqs_queue" "q" {
  name = "requests"
}
resource "aws_sns_topic_subscription" "s" {
  topic_arn = aws_sns_topic.t.arn
  protocol  = "sqs"
  endpoint  = "%s"
}
"""


def test_a_path_with_the_name_of_a_resource_is_not_that_resource(tmp_path: Path) -> None:
    """The host is somebody's whom nobody knows, and may keep something of the same name."""
    _code, _text, report = scan(tmp_path, AT_SCALEWAY % "https://somebody.example/requests")
    assert found(report) == {"aws_sns_topic.t": "unknown"}


def test_a_name_within_another_host_is_not_that_resource_alone(tmp_path: Path) -> None:
    _code, _text, report = scan(tmp_path, AT_SCALEWAY % "https://${var.host}/${aws_sqs_queue.q.name}")
    assert found(report) == {"aws_sns_topic.t": "unknown"}


def test_the_very_name_of_a_resource_is_that_resource(tmp_path: Path) -> None:
    _code, _text, report = scan(tmp_path, AT_SCALEWAY % "requests")
    assert found(report) == {}


# -- instances of which the number is not known ---

VOLUMES = """
provider "aws" { region = "eu-west-3" }
data "aws_ssm_parameter" "n" { name = "n" }
resource "aws_ebs_volume" "records" {
  availability_zone = "eu-west-3a"
  size              = 1
  tags              = { DataClassification = "sensitive" }
}
resource "aws_ebs_volume" "swap" {
  count             = SWAPS
  availability_zone = "eu-west-3a"
  size              = 1
}
resource "aws_instance" "web" {
  count         = data.aws_ssm_parameter.n.value
  ami           = "ami-1"
  instance_type = "t3.micro"
}
resource "aws_volume_attachment" "swap" {
  count       = data.aws_ssm_parameter.n.value
  device_name = "/dev/sdb"
  volume_id   = aws_ebs_volume.VOLUME.id
  instance_id = aws_instance.web[count.index].id
}
"""


def attached(tmp_path: Path, volume: str, swaps: str) -> dict[str, str]:
    text = VOLUMES.replace("VOLUME", volume).replace("SWAPS", swaps)
    return found(scan(tmp_path, text)[2])


def test_an_element_of_an_unknown_number_is_one_of_these_and_of_no_other_block(tmp_path: Path) -> None:
    for number, swaps in enumerate(("data.aws_ssm_parameter.n.value", "2")):
        assert attached(tmp_path / str(number), "swap[count.index]", swaps) == {}


def test_what_is_attached_for_certain_is(tmp_path: Path) -> None:
    assert attached(tmp_path, "records", "2") == {"aws_instance.web[*]": "fail"}


def test_of_several_that_may_be_meant_none_is_certain(tmp_path: Path) -> None:
    text = HEAD.replace("scaleway_iot_hub.h", "x") + route("r", "https://in.us-east-1.amazonaws.com/x")
    text = text.replace('"h" {\n', '"h" {\n  count = 2\n').replace(
        "scaleway_iot_hub.h.id", "scaleway_iot_hub.h[data.aws_ssm_parameter.n.value].id"
    )
    text += 'data "aws_ssm_parameter" "n" { name = "n" }\nprovider "aws" { region = "eu-west-3" }\n'
    assert set(found(scan(tmp_path, text)[2]).values()) == {"unknown"}


# -- keys that somebody else may hold ---

KEY = """
provider "aws" {
  region = "eu-west-3"
}
provider "aws" {
  alias  = "scw"
  region = "fr-par"
  endpoints { s3 = "https://s3.fr-par.scw.cloud" }
}
data "aws_ssm_parameter" "xks" { name = "xks" }
resource "aws_kms_custom_key_store" "store" {
  custom_key_store_name  = "s"
  custom_key_store_type  = "EXTERNAL_KEY_STORE"
  xks_proxy_uri_endpoint = "https://keys.scaleway.com"
}
resource "aws_kms_key" "k" {
  custom_key_store_id = aws_kms_custom_key_store.store.id
  xks_key_id          = XKS
}
resource "aws_s3_bucket" "b" {
  provider = aws.scw
  bucket   = "b"
  tags     = { DataClassification = "sensitive" }
}
resource "aws_s3_bucket_server_side_encryption_configuration" "b" {
  provider = aws.scw
  bucket   = aws_s3_bucket.b.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.k.arn
    }
  }
}
"""


def test_a_key_that_may_be_held_outside_is_unknown(tmp_path: Path) -> None:
    verdicts = {
        xks: found(scan(tmp_path / str(at), KEY.replace("XKS", xks))[2], "SOV006").get("aws_kms_key.k")
        for at, xks in enumerate(("null", "data.aws_ssm_parameter.xks.value", '"k1"'))
    }
    assert list(verdicts.values()) == ["fail", "unknown", None]


# -- what repeats what is told already ---


def test_a_key_of_the_same_operator_is_not_told_again_where_the_level_is_not_known(tmp_path: Path) -> None:
    text = """
provider "aws" { region = "eu-west-3" }
data "aws_ssm_parameter" "level" { name = "l" }
data "aws_kms_key" "k" { key_id = "alias/k" }
resource "aws_ebs_volume" "v" {
  availability_zone = "eu-west-3a"
  size              = 1
  kms_key_id        = data.aws_kms_key.k.arn
  tags              = { DataClassification = LEVEL }
}
"""
    told = {"data.aws_ssm_parameter.level.value": {"SOV003"}, '"sensitive"': {"SOV001", "SOV006"}}
    for level, rules in told.items():
        _code, _text, report = scan(tmp_path, text.replace("LEVEL", level))
        assert {one["rule"] for one in report["findings"] if one["address"] == "aws_ebs_volume.v"} == rules


# -- documents that name several things ---

DOCUMENTS = """
provider "aws" {
  region = "eu-west-3"
}
provider "aws" {
  alias  = "scw"
  region = "fr-par"
  endpoints { sqs = "https://sqs.mnq.fr-par.scaleway.com" }
}
resource "aws_ecr_repository" "app" {
  name = "app"
}
resource "aws_db_instance" "records" {
  engine         = "postgres"
  instance_class = "db.t3.micro"
  tags           = { DataClassification = "sensitive" }
}
resource "aws_ecs_task_definition" "app" {
  family = "app"
  container_definitions = jsonencode([{
    image       = aws_ecr_repository.app.repository_url
    environment = [{ name = "PASSWORD", value = aws_db_instance.records.password }]
  }])
}
resource "aws_sqs_queue" "letters" {
  provider       = aws.scw
  tags           = { DataClassification = "sensitive" }
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 5 MORE })
}
resource "aws_sqs_queue" "dead" {
  name = "dead"
}
"""


def test_all_that_a_document_refers_to_is_found_and_not_the_first_alone(tmp_path: Path) -> None:
    flows = found(scan(tmp_path, DOCUMENTS.replace("MORE", ""))[2])
    assert flows == {"aws_ecs_task_definition.app": "fail", "aws_sqs_queue.dead": "fail"}


def test_a_document_that_says_more_may_name_something_else_too(tmp_path: Path) -> None:
    flows = found(scan(tmp_path, DOCUMENTS.replace("MORE", ', other = "arn:aws:sqs:us-east-1:1:x"'))[2])
    assert flows["aws_sqs_queue.letters"] == "unknown"


MODULES = """
variable "level" {}

resource "azurerm_managed_disk" "d" {
  name                 = "d"
  location             = "francecentral"
  resource_group_name  = "r"
  storage_account_type = "x"
  create_option        = "Empty"
  tags                 = { DataClassification = var.level }
}
resource "azurerm_linux_virtual_machine" "vm" {
  name                  = "vm"
  location              = "francecentral"
  resource_group_name   = "r"
  size                  = "x"
  admin_username        = "x"
  network_interface_ids = []
}
module "attach" {
  source = "../attach"
  disk   = azurerm_managed_disk.d.id
  vm     = azurerm_linux_virtual_machine.vm.id
}
"""


def test_what_a_nested_module_is_given_is_of_the_instance_around_it(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "attach").mkdir()
    (tmp_path / "server" / "main.tf").write_text(MODULES)
    (tmp_path / "attach" / "main.tf").write_text(
        """
variable "disk" {}
variable "vm" {}
resource "azurerm_virtual_machine_data_disk_attachment" "a" {
  managed_disk_id    = var.disk
  virtual_machine_id = var.vm
  lun                = 1
  caching            = "None"
}
"""
    )
    text = """
provider "azurerm" {
  features {}
}
module "server" {
  source   = "./server"
  for_each = { a = "sensitive", b = "public" }
  level    = each.value
}
"""
    flows = found(scan(tmp_path, text)[2])
    assert flows == {'module.server["a"].azurerm_linux_virtual_machine.vm': "fail"}


# -- flows whose receiver no attribute names ---


def test_what_always_goes_to_one_operator_goes_there(tmp_path: Path) -> None:
    text = """
provider "aws" {
  region = "eu-west-3"
}
provider "aws" {
  alias  = "scw"
  region = "fr-par"
  endpoints { sns = "https://sns.mnq.fr-par.scaleway.com" }
}
resource "aws_sns_topic" "alerts" {
  provider = aws.scw
  name     = "alerts"
  tags     = { DataClassification = "sensitive" }
}
resource "aws_chatbot_slack_channel_configuration" "alerts" {
  configuration_name = "alerts"
  iam_role_arn       = "r"
  slack_channel_id   = "c"
  slack_team_id      = "t"
  sns_topic_arns     = [aws_sns_topic.alerts.arn]
  tags               = { DataClassification = "sensitive" }
}
"""
    _code, _text, report = scan(tmp_path, text)
    told = next(
        one["message"]
        for one in report["findings"]
        if one["rule"] == "SOV004" and one["address"].startswith("aws_chatbot")
    )
    assert "salesforce" in told
