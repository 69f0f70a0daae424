"""The ingesters' queue and the secret of the vendors' keys, by our client against the local AWS:
every item that was accepted arrives, in batches of any size, and not before it is due.
"""

import json

import pytest

from bifrost.adapters.aws.client import AwsCallError
from bifrost.adapters.aws.secrets import KeptSecrets
from bifrost.adapters.aws.work_queue import KIND, SqsWorkQueue
from tests.local_aws import LocalAws


def arrived(local_aws: LocalAws, url: str) -> list[int]:
    """The items of every message that shows."""
    sqs, found = local_aws.boto3("sqs"), []
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60
    ).get("Messages"):
        bodies = [json.loads(message["Body"]) for message in messages]
        assert {body["detail-type"] for body in bodies} == {KIND}
        found += [body["detail"]["item"] for body in bodies]
    return sorted(found)


def test_every_item_is_sent_however_many_there_are(local_aws: LocalAws) -> None:
    url = local_aws.boto3("sqs").create_queue(QueueName=local_aws.new_name())["QueueUrl"]
    queue = SqsWorkQueue(local_aws.client("sqs"), url)

    accepted = queue.send([(number, 0) for number in range(1, 24)])

    assert accepted == list(range(1, 24))
    assert arrived(local_aws, url) == list(range(1, 24))


def test_an_item_that_is_not_due_yet_does_not_show(local_aws: LocalAws) -> None:
    url = local_aws.boto3("sqs").create_queue(QueueName=local_aws.new_name())["QueueUrl"]
    queue = SqsWorkQueue(local_aws.client("sqs"), url)

    assert queue.send([(1, 0), (2, 600), (3, 10**6)]) == [1, 2, 3]

    assert arrived(local_aws, url) == [1]


def test_a_secret_is_read_as_it_is_now(local_aws: LocalAws) -> None:
    theirs, name = local_aws.boto3("secretsmanager"), local_aws.new_name()
    theirs.create_secret(Name=name, SecretString="{}")
    secrets = KeptSecrets(local_aws.client("secretsmanager"))
    assert secrets.get(name) == "{}"

    theirs.put_secret_value(SecretId=name, SecretString='{"ALPACA_KEY_ID": "a"}')

    assert secrets.get(name) == '{"ALPACA_KEY_ID": "a"}'


def test_a_secret_that_is_not_there_is_an_error_and_not_an_empty_one(local_aws: LocalAws) -> None:
    with pytest.raises(AwsCallError):
        KeptSecrets(local_aws.client("secretsmanager")).get(local_aws.new_name())
