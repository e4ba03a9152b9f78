"""python-telegram-bot against the fake Bot API: every method that our adapter uses.

Environment: API_ROOT, TOKEN, HOOK_SECRET. The runner talks to the bot; exit 0 means satisfied.
"""

import asyncio
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter
from telegram.ext import Application, CallbackQueryHandler, CommandHandler

API_ROOT, TOKEN, SECRET = (os.environ[name] for name in ("API_ROOT", "TOKEN", "HOOK_SECRET"))
BASE = f"{API_ROOT}/bot"


async def refused(kind, part, call):
    try:
        await call
    except kind as error:
        assert part in str(error), f"{error} lacks {part}"
        return error
    raise AssertionError(f"not refused: {part}")


async def converse(update: Update, context) -> None:
    bot, chat = context.bot, update.effective_chat
    assert chat.type == "private"
    await bot.send_chat_action(chat.id, "typing")
    sent = await bot.send_message(chat.id, "*bold* and `code`", parse_mode="MarkdownV2")
    assert sent.text == "bold and code"
    assert [entity.type for entity in sent.entities] == ["bold", "code"]
    await refused(BadRequest, "Can't parse entities", bot.send_message(chat.id, "a.b", parse_mode="MarkdownV2"))
    await refused(BadRequest, "Message is too long", bot.send_message(chat.id, "x" * 4097))
    await refused(BadRequest, "Chat not found", bot.send_message(424242, "x"))
    edited = await bot.edit_message_text("other", chat.id, sent.message_id)
    assert edited.text == "other" and edited.edit_date
    await refused(BadRequest, "Message is not modified", bot.edit_message_text("other", chat.id, sent.message_id))
    await refused(BadRequest, "Message to edit not found", bot.edit_message_text("x", chat.id, 999999))
    reply = await update.message.reply_text("as a reply", do_quote=True)
    assert reply.reply_to_message.message_id == update.message.message_id
    flood = await refused(RetryAfter, "3", bot.send_message(chat.id, "flood"))
    assert int(getattr(flood.retry_after, "total_seconds", lambda: flood.retry_after)()) == 3
    assert (await bot.get_chat(chat.id)).id == chat.id
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="yes")]])
    await bot.send_message(chat.id, "press", reply_markup=keyboard)


async def over_polling() -> None:
    application = Application.builder().token(TOKEN).base_url(BASE).build()
    outcome: asyncio.Future = asyncio.get_running_loop().create_future()

    async def pressed(update: Update, context) -> None:
        assert update.callback_query.data == "yes"
        assert await update.callback_query.answer()
        await refused(BadRequest, "Query is too old", context.bot.answer_callback_query("1"))
        outcome.set_result(None)

    async def failed(_update, context) -> None:
        if not outcome.done():
            outcome.set_exception(context.error)

    application.add_handler(CommandHandler("start", converse))
    application.add_handler(CallbackQueryHandler(pressed))
    application.add_error_handler(failed)
    async with application:
        commands = [BotCommand("help", "The commands")]
        assert await application.bot.set_my_commands(commands)
        assert list(await application.bot.get_my_commands()) == commands
        await application.start()
        await application.updater.start_polling(poll_interval=0, timeout=5)
        await asyncio.wait_for(outcome, 30)
        await application.updater.stop()
        await application.stop()


async def over_webhook() -> None:
    got: asyncio.Future = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            secret = self.headers["x-telegram-bot-api-secret-token"]
            self.send_response(200)
            self.end_headers()
            if not got.done():
                loop.call_soon_threadsafe(got.set_result, (secret, body))

        def log_message(self, *_arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/hook"
    async with Bot(TOKEN, base_url=BASE) as bot:
        await bot.set_webhook(url, secret_token=SECRET, allowed_updates=["message"], max_connections=5)
        info = await bot.get_webhook_info()
        assert info.url == url and info.max_connections == 5
        await refused(Conflict, "webhook is active", bot.get_updates())
        secret, body = await asyncio.wait_for(got, 30)
        assert secret == SECRET
        update = Update.de_json(json.loads(body), bot)
        assert update.message.text == "over the webhook", update
        await bot.delete_webhook()
        assert (await bot.get_webhook_info()).url == ""
        server.shutdown()
    await refused(InvalidToken, "", Bot("1:unknown", base_url=BASE).initialize())


async def main() -> None:
    await over_polling()
    await over_webhook()
    print("satisfied")


asyncio.run(main())
