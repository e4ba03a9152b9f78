"""The official OpenAI SDK for Python, unmodified.

Environment: BASE_URL, KEY, MODEL, SAYS (what an answer to "hello there" contains), TOOLS (1 where
tools can be asked for).
"""

import os

import openai

BASE_URL, KEY, MODEL, SAYS = (os.environ[name] for name in ("BASE_URL", "KEY", "MODEL", "SAYS"))
TOOLS = os.environ.get("TOOLS") == "1"
MESSAGES = [
    {"role": "system", "content": "You are helpful."},
    {"role": "user", "content": "hello there"},
]

client = openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0)
assert MODEL in [model.id for model in client.models.list()]

whole = client.chat.completions.create(model=MODEL, messages=MESSAGES)
assert SAYS in whole.choices[0].message.content, whole
assert whole.choices[0].finish_reason == "stop"
assert whole.usage.completion_tokens > 0

text, usage = "", None
for chunk in client.chat.completions.create(
    model=MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
):
    if chunk.choices:
        text += chunk.choices[0].delta.content or ""
    usage = chunk.usage or usage
assert SAYS in text, text
assert usage.completion_tokens > 0

if TOOLS:
    tools = [{"type": "function", "function": {"name": "time", "parameters": {"type": "object", "properties": {}}}}]
    asked = client.chat.completions.create(
        model=MODEL, tools=tools, messages=[{"role": "user", "content": "now [tool time {}]"}]
    )
    assert asked.choices[0].message.tool_calls[0].function.name == "time"

stranger = openai.OpenAI(base_url=BASE_URL, api_key="sk-someone-else-entirely", max_retries=0)
try:
    stranger.chat.completions.create(model=MODEL, messages=MESSAGES)
    raise SystemExit("a stranger was let in")
except openai.AuthenticationError:
    pass
if not TOOLS:
    try:
        client.chat.completions.create(model="no-such-agent", messages=MESSAGES)
        raise SystemExit("an unknown agent answered")
    except openai.NotFoundError:
        pass
print("satisfied")
