"""The official Anthropic SDK for Python against the fake model: whole, streamed, tools, refusals.

Environment: BASE_URL, KEY.
"""

import os

import anthropic

client = anthropic.Anthropic(base_url=os.environ["BASE_URL"], api_key=os.environ["KEY"], max_retries=0)


def ask(text, **more):
    return dict(model="fake-1", max_tokens=100, messages=[{"role": "user", "content": text}], **more)


whole = client.messages.create(**ask("hello there"))
assert whole.content[0].text == "echo: hello there", whole
assert whole.stop_reason == "end_turn" and whole.usage.output_tokens > 0

with client.messages.stream(**ask("hello there")) as stream:
    assert "".join(stream.text_stream) == "echo: hello there"
    final = stream.get_final_message()
assert final.stop_reason == "end_turn" and final.usage.output_tokens > 0

tools = [{"name": "calculator", "input_schema": {"type": "object", "properties": {}}}]
with client.messages.stream(**ask('sum [tool calculator {"expression": "6*7"}]', tools=tools)) as stream:
    final = stream.get_final_message()
call = final.content[0]
assert final.stop_reason == "tool_use" and call.name == "calculator"
assert call.input == {"expression": "6*7"}, call

try:
    anthropic.Anthropic(base_url=os.environ["BASE_URL"], api_key="sk-wrong", max_retries=0).messages.create(**ask("x"))
    raise SystemExit("a stranger was let in")
except anthropic.AuthenticationError:
    pass
print("satisfied")
