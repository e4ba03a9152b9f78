//! The listener of platform and model.

use super::board::Board;
use super::request::{Requests, number_after};
use super::{ANSWER, conversation_of_chat};
use crate::progress;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const MODEL_PATH: &str = "/v1/chat/completions";

/// How long the model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelPace {
    /// Until its first words.
    pub first_words: Duration,
    /// From the first words to the end.
    pub rest: Duration,
}

/// Platform and model. Dropping it ends both.
#[derive(Debug)]
pub struct Outside {
    base: String,
    board: Arc<Board>,
    pace: watch::Sender<ModelPace>,
    task: JoinHandle<()>,
}

impl Outside {
    /// Listens on a free port, for so many conversations.
    pub async fn start(conversations: usize) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let board = Arc::new(Board::new(conversations));
        let pace = watch::Sender::new(ModelPace::default());
        let answers = Arc::new(Answers::new());
        let task = tokio::spawn(serve(listener, Arc::clone(&board), answers, pace.subscribe()));
        Ok(Self { base, board, pace, task })
    }

    /// The base URL of the platform's API; the model's has `/v1` behind it.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// When what happened.
    pub const fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// Sets how long the model takes from now on.
    pub fn pace(&self, pace: ModelPace) {
        self.pace.send_replace(pace);
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The fixed answers, ready to be written.
#[derive(Debug)]
struct Answers {
    model_head: Vec<u8>,
    model_tail: Vec<u8>,
    model_whole: Vec<u8>,
    sent: Vec<u8>,
    me: Vec<u8>,
    yes: Vec<u8>,
}

impl Answers {
    fn new() -> Self {
        let (first, rest) = ANSWER.split_once(' ').unwrap_or((ANSWER, ""));
        let head = format!(
            "{}{}",
            chunk(r#"{"role":"assistant","content":""}"#, "null"),
            chunk(&format!(r#"{{"content":"{first} "}}"#), "null")
        );
        let tail = format!(
            "{}{}data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\
             \"model\":\"bench-1\",\"choices\":[],\"usage\":{{\"prompt_tokens\":100,\
             \"completion_tokens\":9,\"total_tokens\":109}}}}\n\ndata: [DONE]\n\n",
            chunk(&format!(r#"{{"content":"{rest}"}}"#), "null"),
            chunk("{}", "\"stop\"")
        );
        let events = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n",
            head.len() + tail.len()
        );
        Self {
            model_whole: format!("{events}{head}{tail}").into_bytes(),
            model_head: format!("{events}{head}").into_bytes(),
            model_tail: tail.into_bytes(),
            sent: json(
                r#"{"ok":true,"result":{"message_id":7,"date":1783000012,"chat":{"id":1,"type":"private"},"text":"ok"}}"#,
            ),
            me: json(
                r#"{"ok":true,"result":{"id":700001,"is_bot":true,"first_name":"Bench","username":"bench_bot","can_read_all_group_messages":true}}"#,
            ),
            yes: json(r#"{"ok":true,"result":true}"#),
        }
    }

    fn of_method(&self, path: &str) -> &[u8] {
        match path.rsplit('/').next() {
            Some("sendMessage" | "editMessageText") => &self.sent,
            Some("getMe") => &self.me,
            _ => &self.yes,
        }
    }
}

fn chunk(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\
         \"bench-1\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
    )
}

fn json(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn serve(
    listener: TcpListener,
    board: Arc<Board>,
    answers: Arc<Answers>,
    pace: watch::Receiver<ModelPace>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            progress::say("the outside cannot take more connections");
            continue;
        };
        let line =
            Line { board: Arc::clone(&board), answers: Arc::clone(&answers), pace: pace.clone() };
        tokio::spawn(async move {
            // A caller that was killed breaks its connections off.
            let _broken = line.talk(stream).await;
        });
    }
}

/// One connection.
struct Line {
    board: Arc<Board>,
    answers: Arc<Answers>,
    pace: watch::Receiver<ModelPace>,
}

impl Line {
    async fn talk(&self, mut stream: TcpStream) -> anyhow::Result<()> {
        stream.set_nodelay(true)?;
        let mut requests = Requests::default();
        while let Some(request) = requests.next(&mut stream).await? {
            if request.path == MODEL_PATH {
                let conversation = number_after(request.body, b"zq");
                let conversation = conversation.and_then(|number| usize::try_from(number).ok());
                self.complete(&mut stream, conversation.unwrap_or(usize::MAX)).await?;
                continue;
            }
            let answer = self.answers.of_method(request.path);
            if request.path.ends_with("/sendMessage") {
                let chat = number_after(request.body, b"\"chat_id\":");
                if let Some(conversation) = chat.and_then(conversation_of_chat) {
                    self.board.called(conversation);
                }
            }
            stream.write_all(answer).await?;
        }
        Ok(())
    }

    async fn complete(&self, stream: &mut TcpStream, conversation: usize) -> anyhow::Result<()> {
        self.board.asked(conversation);
        let pace = *self.pace.borrow();
        if pace == ModelPace::default() {
            self.board.first_words(conversation);
            self.board.answered(conversation);
            stream.write_all(&self.answers.model_whole).await?;
            return Ok(());
        }
        tokio::time::sleep(pace.first_words).await;
        self.board.first_words(conversation);
        stream.write_all(&self.answers.model_head).await?;
        if !pace.rest.is_zero() {
            tokio::time::sleep(pace.rest).await;
        }
        self.board.answered(conversation);
        stream.write_all(&self.answers.model_tail).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Outside;
    use crate::load::Connection;
    use crate::outside::{chat_id, mark};
    use std::time::Duration;

    #[tokio::test]
    async fn a_call_is_found_under_its_conversation() {
        let outside = Outside::start(4).await.unwrap();
        let mut line = Connection::to(outside.base()).await.unwrap();
        let ask = format!("{{\"messages\":[{{\"content\":\"{} hello\"}}]}}", mark(3));
        assert_eq!(line.post("/v1/chat/completions", "", &ask).await.unwrap().status, 200);
        let send = format!("{{\"chat_id\":{},\"text\":\"Yes\"}}", chat_id(3));
        assert_eq!(line.post("/bot1:x/sendMessage", "", &send).await.unwrap().status, 200);
        let moments = outside.board().wait_for_call(3, 0, Duration::from_secs(5)).await.unwrap();
        assert!(moments.asked <= moments.answered && moments.answered <= moments.called);
        assert_eq!(outside.board().calls_of(2), 0);
    }
}
