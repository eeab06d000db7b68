"""Official clients against the loopback peers: what they read there is what their services send."""
import json
import os
import sys

question = "où est le café ?"


def ask_anthropic(url):
    import anthropic

    client = anthropic.Anthropic(base_url=url, api_key="sk-ant-1", max_retries=0)
    with client.messages.stream(
        model="echo", max_tokens=64, system="Be brief.", messages=[{"role": "user", "content": question}]
    ) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == question, text
    assert final.stop_reason == "end_turn", final.stop_reason
    assert final.usage.cache_read_input_tokens == 20, final.usage
    assert [model.id for model in client.models.list()] == ["echo"]


def ask_ollama(url):
    import ollama

    client = ollama.Client(host=url)
    parts = list(client.chat(model="echo", messages=[{"role": "user", "content": question}], stream=True))
    assert "".join(part.message.content or "" for part in parts) == question
    assert parts[-1].done and parts[-1].done_reason == "stop" and parts[-1].eval_count > 0
    assert client.embed(model="echo", input=["a", "bcd"]).embeddings[1][0] == 3
    assert client.list().models[0].model == "echo:latest"


def ask_bedrock(url):
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError, EventStreamError

    def client(secret):
        return boto3.client(
            "bedrock-runtime",
            endpoint_url=url,
            region_name="eu-west-3",
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key=secret,
            config=Config(retries={"max_attempts": 0}),
        )

    messages = [{"role": "user", "content": [{"text": question}]}]
    reply = client("right").converse_stream(modelId="amazon.echo-v1:0", messages=messages)
    text, stop, usage = "", None, None
    for event in reply["stream"]:
        text += event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
        stop = event.get("messageStop", {}).get("stopReason", stop)
        usage = event.get("metadata", {}).get("usage", usage)
    assert text == question and stop == "end_turn" and usage["inputTokens"] == 7, (text, stop, usage)
    body = json.dumps({"inputText": "abc"})
    vector = json.load(client("right").invoke_model(modelId="amazon.titan-embed-text-v2:0", body=body)["body"])
    assert vector["embedding"][0] == 3
    try:
        client("wrong").converse_stream(modelId="amazon.echo-v1:0", messages=messages)
        raise AssertionError("a wrong signature was accepted")
    except ClientError:
        pass
    broken = client("right").converse_stream(modelId="amazon.broken-v1:0", messages=messages)
    try:
        list(broken["stream"])
        raise AssertionError("an exception in the stream was not seen")
    except EventStreamError:
        pass


def sign():
    """Signs a request as botocore does, for comparison byte by byte."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    import botocore.auth
    import datetime

    wanted = json.load(sys.stdin)

    class Fixed(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.strptime(wanted["date"], "%Y%m%dT%H%M%SZ")

        @classmethod
        def now(cls, tz=None):
            return cls.utcnow().replace(tzinfo=tz)

    module = type(sys)("fixed")
    module.__dict__.update(datetime.__dict__)
    module.datetime = Fixed
    if hasattr(botocore.auth, "get_current_datetime"):
        botocore.auth.get_current_datetime = lambda *_args, **_named: Fixed.utcnow()
    else:
        botocore.auth.datetime = module
    request = AWSRequest(method="POST", url=wanted["url"], data=wanted["body"].encode(), headers=wanted["headers"])
    credentials = Credentials(wanted["id"], wanted["secret"], wanted.get("token"))
    SigV4Auth(credentials, "bedrock", wanted["region"]).add_auth(request)
    print(request.headers["Authorization"])


if __name__ == "__main__":
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    kind = sys.argv[1]
    if kind == "sign":
        sign()
    else:
        {"anthropic": ask_anthropic, "ollama": ask_ollama, "bedrock": ask_bedrock}[kind](sys.argv[2])
