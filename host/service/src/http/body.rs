//! Bodies of requests. Their bytes count as they arrive, so that who announces much and sends nothing takes no room.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::within::within;
use crate::bulk_lane::BulkLane;
use crate::fault::Fault;
use crate::tenant::{Full, Held};

/// A body that is not taken is read and dropped up to this many bytes before the request is refused.
const DRAINED: usize = 8 << 20;

/// The same where no path takes a body. A client that sends none in chunks, as some do, sends their end after the head.
const NEEDLESS: usize = 4 << 10;

/// A body of more than one piece is kept in blocks of so many bytes until it has arrived, and is put together then: one that never ends
/// takes no more memory than its bytes, as it would while its memory grows by copying.
const BLOCK: usize = 64 << 10;

/// Why a body is not taken.
pub(super) enum BodyError {
    /// There is no room for more of it.
    Full(Full),
    Fault(Fault),
}

/// The whole body, with what it has of the room for bodies.
///
/// # Errors
/// It is longer than `most`, which is the limit of this name, or does not arrive in time, or there is no room for it.
pub(super) async fn read(
    request: &mut Request,
    (most, limit): (usize, &str),
    patience: Duration,
    mut room: Held,
    bulk: &BulkLane,
) -> Result<(Bytes, Held), BodyError> {
    let body = std::mem::take(request.body_mut());
    if http_body::Body::size_hint(&body).exact() == Some(0) {
        return Ok((Bytes::new(), room));
    }
    if announced(request.headers()).is_some_and(|announced| announced > most as u64) {
        drain(request.headers(), body, DRAINED).await;
        return Err(BodyError::Fault(too_long(most, limit)));
    }
    let Some(arrived) = within(patience, collect(body, (most, limit), &mut room)).await else {
        let text = format!("the body did not arrive within {} s", patience.as_secs());
        return Err(BodyError::Fault(Fault::new(StatusCode::REQUEST_TIMEOUT, text)));
    };
    let bytes = match arrived? {
        Arrived::Whole(bytes) => bytes,
        // To copy megabytes takes longer than a short decision waits for.
        Arrived::InBlocks(blocks) => bulk
            .run(async move { blocks.together() })
            .await
            .map_err(|error| BodyError::Fault(Fault::internal(error)))?,
    };
    Ok((bytes, room))
}

/// A body that has arrived.
enum Arrived {
    Whole(Bytes),
    InBlocks(Blocks),
}

async fn collect(mut body: Body, (most, limit): (usize, &str), room: &mut Held) -> Result<Arrived, BodyError> {
    let (mut first, mut blocks) = (Bytes::new(), Blocks::default());
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let ended = || BodyError::Fault(Fault::property("", "the body ended before it was complete"));
        let Ok(data) = frame.map_err(|_| ended())?.into_data() else { continue };
        length += data.len();
        if length > most {
            return Err(BodyError::Fault(too_long(most, limit)));
        }
        room.take(data.len()).map_err(BodyError::Full)?;
        // Most bodies are one piece, which need not be copied.
        if length == data.len() {
            first = data;
            continue;
        }
        blocks.add(&std::mem::take(&mut first));
        blocks.add(&data);
    }
    Ok(match &mut blocks.0[..] {
        [] => Arrived::Whole(first),
        [one] => Arrived::Whole(std::mem::take(one).freeze()),
        _ => Arrived::InBlocks(blocks),
    })
}

/// The pieces of a body, however small each of them is.
#[derive(Default)]
struct Blocks(Vec<BytesMut>);

impl Blocks {
    fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let block = match self.0.last_mut() {
                Some(last) if last.len() < BLOCK => last,
                _ => self.0.push_mut(BytesMut::with_capacity(BLOCK)),
            };
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - block.len()));
            block.extend_from_slice(now);
            bytes = later;
        }
    }

    /// All of them as one. Each is given up once it is copied.
    fn together(self) -> Bytes {
        let mut all = BytesMut::with_capacity(self.0.iter().map(BytesMut::len).sum());
        self.0.into_iter().for_each(|block| all.extend_from_slice(&block));
        all.freeze()
    }
}

fn too_long(most: usize, limit: &str) -> Fault {
    let text = format!("the body is longer than the {most} bytes that it may have: {limit}");
    Fault::new(StatusCode::PAYLOAD_TOO_LARGE, text)
}

/// The length that the head announces.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads and drops the body of a request that is refused, up to [`DRAINED`] bytes. A client that is still writing would
/// not read the answer if the connection were closed at once, and one that has written all uses the connection again. False if
/// there is more of it: the answer is to be [`unread`].
pub(super) async fn refuse(request: &mut Request) -> bool {
    let body = std::mem::take(request.body_mut());
    drain(request.headers(), body, DRAINED).await
}

/// The same of a request that has no use for a body, and may come from anybody: up to [`NEEDLESS`] bytes.
pub(super) async fn skip(request: &mut Request) -> bool {
    if is_read(request) {
        return true;
    }
    let body = std::mem::take(request.body_mut());
    drain(request.headers(), body, NEEDLESS).await
}

async fn drain(headers: &HeaderMap, mut body: Body, most: usize) -> bool {
    // Who asks first whether to send it is not told to.
    let asks = headers.contains_key(header::EXPECT);
    if asks || announced(headers).is_some_and(|announced| announced > most as u64) {
        return false;
    }
    let all = async {
        let mut left = most;
        while let Some(frame) = body.frame().await {
            let length = frame.ok()?.data_ref().map_or(0, Bytes::len);
            left = left.checked_sub(length)?;
        }
        Some(())
    };
    matches!(timeout(Duration::from_secs(2), all).await, Ok(Some(())))
}

/// Whether nothing of the body of a request is left to be read.
pub(super) fn is_read(request: &Request) -> bool {
    http_body::Body::is_end_stream(request.body())
}

/// An answer to a request whose body was not read to its end, or is refused itself: the connection ends with it, and the client is
/// told so.
pub(super) fn unread(answer: impl IntoResponse) -> Response {
    let mut answer = answer.into_response();
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_are_put_together_in_order() {
        for piece in [1, 1_000, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK] {
            let whole: Vec<u8> = (0..3 * BLOCK + 17).map(|at| at as u8).collect();
            let mut blocks = Blocks::default();
            whole.chunks(piece).for_each(|piece| blocks.add(piece));
            assert!(blocks.0.iter().all(|block| block.capacity() == BLOCK), "{piece}");
            assert_eq!(blocks.together(), whole, "{piece}");
        }
    }
}
