// The chat page. One socket, a queue of what was said, and a transcript that this tab keeps.
// Texts become text nodes only: nothing that an agent or a person writes is ever markup here.
"use strict";

(() => {
  const door = document.getElementById("sign-in");
  if (door) {
    door.submit();
    return;
  }
  const chat = document.getElementById("chat");
  if (!chat) return;

  const BACKOFF_MIN_MS = 800;
  const BACKOFF_MAX_MS = 15000;
  const LINES_KEPT_MAX = 200;
  const agent = chat.dataset.agent;
  const signedIn = chat.dataset.signedIn === "true";
  const storeName = "rookery.chat." + agent;
  const keyName = "rookery.key";
  const at = (id) => document.getElementById(id);
  const [log, empty, text, statusPill, retry, notice, keyForm] =
    ["log", "empty", "text", "status", "retry", "notice", "key-form"].map(at);

  // Lines: {who: "mine"|"theirs"|"failed", text, id?, run?, state?}. States of what was said:
  // queued -> sent -> accepted -> (no state: answered); sent when the socket fell -> unconfirmed.
  const stored = JSON.parse(sessionStorage.getItem(storeName) || "null") || {};
  let lines = stored.lines || [];
  let session = stored.session || null;
  let after = stored.after || 0;
  let socket = null;
  let greeted = false;
  let attempts = 0;
  let timer = null;
  let stopped = false;
  const views = new Map();

  function keep() {
    lines = lines.slice(-LINES_KEPT_MAX);
    const kept = lines.filter((line) => !line.growing);
    sessionStorage.setItem(storeName, JSON.stringify({ lines: kept, session, after }));
  }

  // --- what is seen ---------------------------------------------------------------------------

  function show(line) {
    const nearEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    let view = views.get(line);
    if (!view) {
      view = document.createElement("div");
      views.set(line, view);
      log.append(view);
    }
    view.className = "line " + line.who;
    view.replaceChildren(...rendered(line));
    const state = stateOf(line);
    if (state) view.append(state);
    empty.hidden = lines.length > 0;
    if (nearEnd) log.scrollTop = log.scrollHeight;
  }

  function forget(line) {
    lines = lines.filter((other) => other !== line);
    const view = views.get(line);
    if (view) view.remove();
    views.delete(line);
    empty.hidden = lines.length > 0;
    keep();
  }

  function rendered(line) {
    if (line.who !== "theirs") return [document.createTextNode(line.text)];
    // Code fences, code and bold; everything else stays as it was written.
    const nodes = [];
    line.text.split("```").forEach((part, index) => {
      if (index % 2 === 1) {
        const block = document.createElement("pre");
        block.textContent = part.replace(/^[\w+#.-]*\n/, "").replace(/\n$/, "");
        nodes.push(block);
      } else {
        nodes.push(...inline(index > 0 ? part.replace(/^\n/, "") : part));
      }
    });
    return nodes;
  }

  function inline(part) {
    return part.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/).filter(Boolean).map((piece) => {
      const tag = piece.startsWith("`") ? "code" : piece.startsWith("**") ? "strong" : null;
      const width = tag === "code" ? 1 : 2;
      if (!tag || piece.length <= 2 * width) return document.createTextNode(piece);
      const node = document.createElement(tag);
      node.textContent = piece.slice(width, -width);
      return node;
    });
  }

  function stateOf(line) {
    const words = {
      queued: "Waiting for the connection",
      sent: "Sending…",
      accepted: "Sent, waiting for the reply",
      unconfirmed: "Delivery unconfirmed",
      refused: line.reason || "Not sent",
    };
    if (!words[line.state]) return null;
    const state = document.createElement("span");
    state.className = "state";
    state.textContent = words[line.state];
    if (line.state === "unconfirmed" || line.state === "refused") {
      state.append(
        button("Retry", () => { line.state = "queued"; show(line); flush(); }),
        button("Discard", () => forget(line)),
      );
    }
    return state;
  }

  function button(label, press) {
    const node = document.createElement("button");
    node.type = "button";
    node.textContent = label;
    node.addEventListener("click", press);
    return node;
  }

  function setStatus(words, waiting) {
    statusPill.textContent = words;
    statusPill.classList.toggle("waiting", waiting);
    retry.hidden = !waiting;
  }

  function warn(words) {
    notice.textContent = words || "";
    notice.hidden = !words;
  }

  // --- the socket -----------------------------------------------------------------------------

  function connect() {
    clearTimeout(timer);
    stopped = false;
    if (!signedIn && !sessionStorage.getItem(keyName)) return askForKey("");
    setStatus(attempts ? "Reconnecting…" : "Connecting…", attempts > 0);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const opened = new WebSocket(
      scheme + "//" + location.host + "/ws/chat?agent=" + encodeURIComponent(agent));
    socket = opened;
    greeted = false;
    opened.addEventListener("open", () => {
      const hello = { type: "hello", token: sessionStorage.getItem(keyName) || "" };
      if (session) Object.assign(hello, { session, after });
      opened.send(JSON.stringify(hello));
    });
    opened.addEventListener("message", (event) => {
      if (opened === socket) hear(JSON.parse(event.data));
    });
    opened.addEventListener("close", () => {
      if (opened === socket) lost();
    });
  }

  function lost() {
    socket = null;
    greeted = false;
    lines.filter((line) => line.state === "sent").forEach((line) => {
      line.state = "unconfirmed";
      show(line);
    });
    keep();
    if (stopped) return;
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** attempts);
    const wait = Math.max(BACKOFF_MIN_MS, ceiling * (0.5 + Math.random() / 2));
    attempts += 1;
    setStatus("Reconnecting in " + Math.ceil(wait / 1000) + " s", true);
    timer = setTimeout(connect, wait);
  }

  function stop(words) {
    stopped = true;
    setStatus("Not connected", false);
    warn(words);
    if (socket) socket.close();
  }

  function askForKey(words) {
    stop(words);
    keyForm.hidden = false;
    at("key").focus();
  }

  function flush() {
    if (!greeted) return;
    lines.filter((line) => line.state === "queued").forEach((line) => {
      line.state = "sent";
      show(line);
      socket.send(JSON.stringify({ type: "message", client_id: line.id, text: line.text }));
    });
    keep();
  }

  // --- what is heard --------------------------------------------------------------------------

  function hear(frame) {
    const mine = lines.find((line) => line.id && line.id === frame.client_id);
    switch (frame.type) {
      case "hello": return welcome(frame);
      case "accepted":
        if (mine) { mine.state = "accepted"; mine.run = frame.run_id; show(mine); keep(); }
        return;
      case "delta": return grow(frame);
      case "message": return settle(frame, "theirs");
      case "error": return fail(frame, mine);
      case "done": return finish(frame);
      default:
    }
  }

  function welcome(frame) {
    greeted = true;
    attempts = 0;
    session = frame.session_id;
    chat.querySelector("h1").textContent = frame.agent.name;
    document.title = frame.agent.name;
    // Half an answer is told again from its beginning, because we resume at the last whole one.
    lines.filter((line) => line.growing).forEach(forget);
    keyForm.hidden = true;
    warn("");
    setStatus("Connected", false);
    keep();
    flush();
  }

  function grow(frame) {
    let line = lines.find((other) => other.growing && other.run === frame.run_id);
    if (!line) {
      line = { who: "theirs", text: "", run: frame.run_id, growing: true };
      lines.push(line);
    }
    line.text += frame.text;
    show(line);
  }

  function settle(frame, who) {
    if (frame.seq <= after && lines.some((line) => line.seq === frame.seq)) return;
    let line = lines.find((other) => other.growing && other.run === frame.run_id);
    if (!line) {
      line = { run: frame.run_id };
      lines.push(line);
    }
    Object.assign(line, { who, text: frame.text, seq: frame.seq, growing: false });
    after = Math.max(after, frame.seq);
    show(line);
    answered(frame.run_id);
    keep();
  }

  function fail(frame, mine) {
    if (frame.run_id) return settle(frame, "failed");
    if (mine) {
      Object.assign(mine, { state: "refused", reason: frame.text });
      show(mine);
      return keep();
    }
    if (greeted && frame.code !== "unauthorized") return warn(frame.text);
    if (frame.code === "unauthorized" || frame.code === "forbidden") {
      sessionStorage.removeItem(keyName);
      return signedIn
        ? stop("Your sign-in has ended. Open a new sign-in link.")
        : askForKey("This key does not work here: " + frame.text + ".");
    }
    if (frame.code === "not_found" && session) {
      session = null;
      after = 0;
      attempts = 0;
      return keep();
    }
    if (!frame.retryable) stop("This chat cannot be opened: " + frame.text + ".");
  }

  function finish(frame) {
    after = Math.max(after, frame.seq);
    answered(frame.run_id);
    const line = lines.find((other) => other.growing && other.run === frame.run_id);
    if (line) forget(line);
    keep();
  }

  function answered(run) {
    lines.filter((line) => line.who === "mine" && line.run === run).forEach((line) => {
      line.state = null;
      show(line);
    });
  }

  // --- what is said ---------------------------------------------------------------------------

  function say(words) {
    if (!words.trim()) return;
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const line = { who: "mine", text: words, id, state: "queued" };
    lines.push(line);
    show(line);
    log.scrollTop = log.scrollHeight;
    keep();
    flush();
  }

  function fit() {
    text.style.height = "auto";
    text.style.height = text.scrollHeight + "px";
  }

  at("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    say(text.value);
    text.value = "";
    fit();
    text.focus();
  });
  text.addEventListener("input", fit);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      at("composer").requestSubmit();
    }
  });
  document.querySelectorAll(".example").forEach((example) => {
    example.addEventListener("click", () => { say(example.textContent); text.focus(); });
  });
  keyForm.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(keyName, at("key").value.trim());
    at("key").value = "";
    keyForm.hidden = true;
    warn("");
    connect();
    text.focus();
  });
  retry.addEventListener("click", () => { if (!socket) connect(); });
  window.addEventListener("online", () => { if (!socket && !stopped) connect(); });
  at("fresh").addEventListener("click", () => {
    [...lines].forEach(forget);
    session = null;
    after = 0;
    attempts = 0;
    keep();
    const old = socket;
    socket = null;
    if (old) old.close();
    connect();
  });

  // A message that was on its way when the page was left: nobody knows.
  lines.filter((line) => line.state === "sent").forEach((line) => { line.state = "unconfirmed"; });
  lines.forEach(show);
  connect();
})();
