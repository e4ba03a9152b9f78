// The official OpenAI SDK for Node, unmodified. Environment: BASE_URL, KEY, MODEL, SAYS (what an
// answer to "hello there" contains), TOOLS (1 where tools can be asked for).
import assert from "node:assert/strict";
import OpenAI from "openai";

const { BASE_URL, KEY, MODEL, SAYS, TOOLS } = process.env;
const client = new OpenAI({ baseURL: BASE_URL, apiKey: KEY, maxRetries: 0 });
const messages = [
  { role: "system", content: "You are helpful." },
  { role: "user", content: "hello there" },
];

const listed = [];
for await (const model of await client.models.list()) listed.push(model.id);
assert.ok(listed.includes(MODEL), `${MODEL} is not among ${listed}`);

const whole = await client.chat.completions.create({ model: MODEL, messages });
assert.equal(whole.object, "chat.completion");
assert.ok(whole.choices[0].message.content.includes(SAYS), whole.choices[0].message.content);
assert.equal(whole.choices[0].finish_reason, "stop");
assert.ok(whole.usage.completion_tokens > 0);

let text = "";
let usage;
const stream = await client.chat.completions.create({
  model: MODEL,
  messages,
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
assert.ok(text.includes(SAYS), text);
assert.ok(usage.completion_tokens > 0);

if (TOOLS === "1") {
  const tools = [{ type: "function", function: { name: "time", parameters: { type: "object", properties: {} } } }];
  const asked = await client.chat.completions.create({
    model: MODEL,
    tools,
    messages: [{ role: "user", content: "now [tool time {}]" }],
  });
  assert.equal(asked.choices[0].message.tool_calls[0].function.name, "time");
  const runner = client.chat.completions.stream({ model: MODEL, tools, messages: [{ role: "user", content: "now [tool time {}]" }] });
  const final = await runner.finalChatCompletion();
  assert.equal(final.choices[0].message.tool_calls[0].function.arguments, "{}");
}

const stranger = new OpenAI({ baseURL: BASE_URL, apiKey: "sk-someone-else-entirely", maxRetries: 0 });
await assert.rejects(
  stranger.chat.completions.create({ model: MODEL, messages }),
  (error) => error instanceof OpenAI.AuthenticationError,
);
if (TOOLS !== "1") {
  await assert.rejects(
    client.chat.completions.create({ model: "no-such-agent", messages }),
    (error) => error instanceof OpenAI.NotFoundError,
  );
}
console.log("satisfied");
