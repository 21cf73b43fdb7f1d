//! What came back over HTTP, with the questions that tests ask of it.

use parlor_protocol::http::Problem;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A response, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The call, for messages.
    pub call: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// Sends a request and reads its answer.
    ///
    /// # Panics
    /// If there is none.
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.expect("a request that can be sent");
        let call = format!("{} {}", request.method(), request.url().path());
        let response = match client.execute(request).await {
            Ok(response) => response,
            Err(error) => panic!("{call} was not answered: {error:?}"),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.text().await.expect("a whole body");
        Self { call, status, headers, body }
    }

    /// The same answer, if it has this status.
    ///
    /// # Panics
    /// If it has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.call, self.body);
        self
    }

    /// The body, read as this type and found to hold nothing else.
    ///
    /// # Panics
    /// If it is of another type or has fields that the type does not.
    #[track_caller]
    #[must_use]
    pub fn json<T: DeserializeOwned + serde::Serialize>(&self) -> T {
        assert_eq!(self.header("content-type"), "application/json", "{}", self.call);
        self.read()
    }

    /// The problem that the body is, whose status is the response's.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    #[must_use]
    pub fn problem(&self) -> Problem {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}: {}", self.call, self.body);
        let problem: Problem = self.read();
        assert_eq!(problem.status, self.status, "{}: {}", self.call, self.body);
        problem
    }

    /// Asserts a failure with this status and code, and text for the person who asked.
    ///
    /// # Panics
    /// If it is another, or a success.
    #[track_caller]
    pub fn refuses(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}: {}", self.call, self.body);
        let problem = self.problem();
        assert_eq!(problem.code.as_str(), code, "{}: {}", self.call, self.body);
        assert!(problem.detail.len() > 5, "{}: there is no text for people", self.call);
    }

    #[track_caller]
    fn read<T: DeserializeOwned + serde::Serialize>(&self) -> T {
        let read: T = match serde_json::from_str(&self.body) {
            Ok(read) => read,
            Err(error) => panic!("{}: {error}: {}", self.call, self.body),
        };
        let written = serde_json::to_value(&read).expect("it was JSON");
        let given: Value = serde_json::from_str(&self.body).expect("it was JSON");
        assert_eq!(written, given, "{}: more than the protocol says", self.call);
        read
    }

    /// A header's text, empty if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
