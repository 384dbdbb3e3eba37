//! hyper alone, set up as the mock sets it up: the measure of what answering costs at least.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, DATE, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::load::find;

/// Serves the answer in `answer_file` to every request, until the process is ended.
pub fn serve(port_file: &Path, answer_file: &Path) -> ! {
    let answer = std::fs::read(answer_file).expect("the bench wrote the answer");
    let answer: &'static Answer = Box::leak(Box::new(Answer::parse(&answer)));
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let listener = listener.expect("the system has a free port");
    listener.set_nonblocking(true).expect("it is a socket");
    let address = listener.local_addr().expect("it is bound");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the system has threads");
    let draft = port_file.with_extension("draft");
    std::fs::write(&draft, format!(r#"{{"url":"http://{address}"}}"#))
        .and_then(|()| std::fs::rename(&draft, port_file))
        .expect("the folder takes files");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("it is a listener");
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, answer));
            }
        }
    })
}

/// The bounds are the mock's.
async fn connection(stream: tokio::net::TcpStream, answer: &'static Answer) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(async move |request: Request<Incoming>| {
        // A body is read whole, as whoever looks at it must.
        request.into_body().collect().await?;
        Ok::<_, hyper::Error>(answer.response())
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(120))
        .max_headers(100)
        .max_buf_size(64 * 1024)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// What every request gets.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = find(bytes, b"\r\n\r\n").expect("the answer is whole");
        let head = std::str::from_utf8(&bytes[..end]).expect("the head is text");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            // hyper writes these itself.
            let is_ours = name != CONTENT_LENGTH && name != DATE;
            is_ours.then_some((name, HeaderValue::from_str(value).ok()?))
        });
        Self {
            headers: headers.collect(),
            status: status
                .and_then(|code| code.parse().ok())
                .expect("the answer starts with a status line"),
            body: Bytes::copy_from_slice(&bytes[end + 4..]),
        }
    }

    fn response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }
}
