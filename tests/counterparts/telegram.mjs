// grammY against the fake Bot API: every method that our adapter uses, by long poll and webhook.
// Environment: API_ROOT, TOKEN, HOOK_SECRET. The runner talks to the bot; exit 0 means satisfied.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Bot, GrammyError, InlineKeyboard, webhookCallback } from "grammy";

const { API_ROOT, TOKEN, HOOK_SECRET } = process.env;
const bot = new Bot(TOKEN, { client: { apiRoot: API_ROOT } });

async function refused(code, part, call) {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof GrammyError, `not the API's refusal: ${error}`);
    assert.equal(error.error_code, code);
    assert.ok(error.description.includes(part), `${error.description} lacks ${part}`);
    return error;
  }
  assert.fail(`not refused: ${part}`);
}

async function converse(context) {
  const chat = context.chat.id;
  assert.equal(context.chat.type, "private");
  await context.replyWithChatAction("typing");
  const sent = await context.reply("*bold* and `code`", { parse_mode: "MarkdownV2" });
  assert.equal(sent.text, "bold and code");
  assert.deepEqual(sent.entities.map((entity) => entity.type), ["bold", "code"]);
  await refused(400, "can't parse entities", () => context.reply("a.b", { parse_mode: "MarkdownV2" }));
  await refused(400, "message is too long", () => context.reply("x".repeat(4097)));
  await refused(400, "chat not found", () => context.api.sendMessage(424242, "x"));
  const edited = await context.api.editMessageText(chat, sent.message_id, "other");
  assert.equal(edited.text, "other");
  assert.ok(edited.edit_date);
  await refused(400, "message is not modified", () => context.api.editMessageText(chat, sent.message_id, "other"));
  await refused(400, "message to edit not found", () => context.api.editMessageText(chat, 999999, "x"));
  const reply = await context.reply("as a reply", { reply_parameters: { message_id: context.msg.message_id } });
  assert.equal(reply.reply_to_message.message_id, context.msg.message_id);
  const flood = await refused(429, "retry after 3", () => context.api.sendMessage(chat, "flood"));
  assert.equal(flood.parameters.retry_after, 3);
  const full = await context.api.getChat(chat);
  assert.equal(full.id, chat);
  await context.reply("press", { reply_markup: new InlineKeyboard().text("Yes", "yes") });
}

async function overWebhook() {
  const heard = new Promise((resolve) => hooked.on("message:text", (context) => resolve(context.msg.text)));
  const server = createServer(webhookCallback(hooked, "http", { secretToken: HOOK_SECRET }));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/hook`;
  await hooked.api.setWebhook(url, { secret_token: HOOK_SECRET, allowed_updates: ["message"] });
  const info = await hooked.api.getWebhookInfo();
  assert.equal(info.url, url);
  await refused(409, "webhook is active", () => hooked.api.getUpdates());
  assert.equal(await heard, "over the webhook");
  await hooked.api.deleteWebhook();
  assert.equal((await hooked.api.getWebhookInfo()).url, "");
  server.close();
}

const hooked = new Bot(TOKEN, { client: { apiRoot: API_ROOT } });
await hooked.init();
assert.equal(hooked.botInfo.is_bot, true);

const commands = [{ command: "help", description: "The commands" }];
await bot.api.setMyCommands(commands);
assert.deepEqual(await bot.api.getMyCommands(), commands);
await refused(400, "BOT_COMMAND_INVALID", () => bot.api.setMyCommands([{ command: "No!", description: "x" }]));

let failure;
const pressed = new Promise((resolve) => {
  bot.on("callback_query:data", async (context) => {
    assert.equal(context.callbackQuery.data, "yes");
    assert.equal(await context.answerCallbackQuery(), true);
    await refused(400, "query is too old", () => context.api.answerCallbackQuery("1"));
    resolve();
  });
});
bot.command("start", converse);
bot.catch((error) => {
  failure = error.error;
  console.error(failure);
  process.exit(1);
});
bot.start({ drop_pending_updates: false });
await pressed;
await bot.stop();
await overWebhook();
console.log("satisfied");
process.exit(0);
