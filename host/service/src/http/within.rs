//! A time limit that costs nothing where what it limits is done at once, as most requests are: a clock is read and a timer
//! made only for what has to wait.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::timeout;

/// What work gives, if it is done in time after it first had to wait.
pub(super) async fn within<T>(patience: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(done) => Some(done),
        Poll::Pending => timeout(patience, work).await.ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_is_waited_for_as_long_as_it_may_take() {
        let second = Duration::from_secs(1);
        assert_eq!(within(Duration::ZERO, ready(1)).await, Some(1));
        let short = async {
            tokio::time::sleep(second).await;
            2
        };
        assert_eq!(within(2 * second, short).await, Some(2));
        let began = tokio::time::Instant::now();
        assert_eq!(within(2 * second, pending::<()>()).await, None);
        assert_eq!(began.elapsed(), 2 * second);
    }
}
