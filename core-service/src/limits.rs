//! Rate limits (contract: Identifiers and limits). They count in memory, so that a restart forgives; what is
//! counted is bounded by capacity, the least used going first.

use std::collections::VecDeque;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

use crate::config::Rates;
use crate::domain::{Error, Result, TokenHash, UserId};

/// Users, sessions or addresses that each limit keeps count of.
const CAPACITY: u64 = 100_000;

/// Changes of typing a second for each user, and at once before that.
const TYPING: (NonZeroU32, NonZeroU32) = (NonZeroU32::new(5).unwrap(), NonZeroU32::new(10).unwrap());

/// Parts of files a second that a session reads: 64 MB.
const PARTS: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// What failed log-ins are counted over.
const LOGIN_WINDOW: Duration = Duration::from_secs(15 * 60);
/// What sign-ups are counted over.
const SIGN_UP_WINDOW: Duration = Duration::from_secs(60 * 60);

/// The limits of the service.
#[derive(Debug)]
pub struct Limits(Option<Counters>);

#[derive(Debug)]
struct Counters {
    sends: Buckets<UserId>,
    calls: Buckets<TokenHash>,
    typing: Buckets<UserId>,
    parts: Buckets<TokenHash>,
    account_logins: Windows<(String, IpAddr)>,
    address_logins: Windows<IpAddr>,
    sign_ups: Windows<IpAddr>,
}

/// A log-in under way. It counts as failed unless it is told to have succeeded.
#[derive(Debug)]
pub struct Attempt {
    counted: Vec<(Arc<Mutex<Window>>, Instant)>,
}

impl Limits {
    /// The limits as configured; `None` turns all of them off.
    #[must_use]
    pub fn new(rates: Option<&Rates>) -> Self {
        Self(rates.map(|rates| Counters {
            sends: Buckets::new(Quota::per_second(rates.sends_per_second).allow_burst(rates.send_burst)),
            calls: Buckets::new(Quota::per_second(rates.calls_per_second)),
            parts: Buckets::new(Quota::per_second(PARTS)),
            typing: Buckets::new(Quota::per_second(TYPING.0).allow_burst(TYPING.1)),
            account_logins: Windows::new(rates.failed_logins_per_account, LOGIN_WINDOW),
            address_logins: Windows::new(rates.failed_logins_per_address, LOGIN_WINDOW),
            sign_ups: Windows::new(rates.sign_ups_per_address, SIGN_UP_WINDOW),
        }))
    }

    /// Counts a message that is about to be stored. Errors: `rate_limited`.
    pub fn check_send(&self, user: &UserId) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |counters| counters.sends.check(user))
    }

    /// Counts a part of a file that a session reads. Errors: `rate_limited`.
    pub fn check_part(&self, token: &TokenHash) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |counters| counters.parts.check(token))
    }

    /// Counts that somebody begins or stops to write. Errors: `rate_limited`.
    pub fn check_typing(&self, user: &UserId) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |counters| counters.typing.check(user))
    }

    /// Counts a call of a session, other than a send. Errors: `rate_limited`.
    pub fn check_call(&self, token: &TokenHash) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |counters| counters.calls.check(token))
    }

    /// Counts a sign-up. Errors: `rate_limited`.
    pub fn check_sign_up(&self, address: IpAddr, now: Instant) -> Result<()> {
        let Some(counters) = &self.0 else { return Ok(()) };
        counters.sign_ups.count(address, now).map(|_| ())
    }

    /// Counts a log-in as failed until it succeeds, so that attempts under way count too. `user` is what was typed.
    /// Errors: `rate_limited`.
    pub fn begin_login(&self, user: &str, address: IpAddr, now: Instant) -> Result<Attempt> {
        let Some(counters) = &self.0 else { return Ok(Attempt { counted: Vec::new() }) };
        let mut attempt = Attempt { counted: Vec::new() };
        let counted = counters.address_logins.count(address, now)?;
        attempt.counted.push((counted, now));
        let account: String = user.chars().take(64).collect();
        match counters.account_logins.count((account, address), now) {
            Ok(counted) => attempt.counted.push((counted, now)),
            Err(refused) => {
                attempt.succeeded();
                return Err(refused);
            }
        }
        Ok(attempt)
    }

    /// Counts a guess at the own password like a failed log-in, until it succeeds. Errors: `rate_limited`.
    pub fn begin_password_check(&self, user: &UserId, now: Instant) -> Result<Attempt> {
        let Some(counters) = &self.0 else { return Ok(Attempt { counted: Vec::new() }) };
        // Who holds a session guesses from no address in particular.
        let counted = counters.account_logins.count((user.to_string(), Ipv4Addr::UNSPECIFIED.into()), now)?;
        Ok(Attempt { counted: vec![(counted, now)] })
    }
}

impl Attempt {
    /// Takes the count back.
    pub fn succeeded(self) {
        for (window, at) in self.counted {
            window.lock().unwrap_or_else(PoisonError::into_inner).forget(at);
        }
    }
}

/// A token bucket for each key.
#[derive(Debug)]
struct Buckets<K: Eq + Hash + Send + Sync + 'static> {
    quota: Quota,
    buckets: Cache<K, Arc<DefaultDirectRateLimiter>>,
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Buckets<K> {
    fn new(quota: Quota) -> Self {
        Self { quota, buckets: Cache::new(CAPACITY) }
    }

    fn check(&self, key: &K) -> Result<()> {
        let bucket = self.buckets.get_with_by_ref(key, || Arc::new(RateLimiter::direct(self.quota)));
        bucket
            .check()
            .map_err(|wait| Error::RateLimited { retry_after: wait.wait_time_from(DefaultClock::default().now()) })
    }
}

/// At most so many events within a sliding period, for each key.
#[derive(Debug)]
struct Windows<K: Eq + Hash + Send + Sync + 'static> {
    most: usize,
    period: Duration,
    windows: Cache<K, Arc<Mutex<Window>>>,
}

/// The times of the latest events, the oldest first.
#[derive(Debug, Default)]
struct Window(VecDeque<Instant>);

impl<K: Eq + Hash + Send + Sync + 'static> Windows<K> {
    fn new(most: NonZeroU32, period: Duration) -> Self {
        let most = usize::try_from(most.get()).unwrap_or(usize::MAX);
        let windows = Cache::builder().max_capacity(CAPACITY).time_to_idle(period).build();
        Self { most, period, windows }
    }

    fn count(&self, key: K, now: Instant) -> Result<Arc<Mutex<Window>>> {
        let window = self.windows.get_with(key, Arc::default);
        window.lock().unwrap_or_else(PoisonError::into_inner).count(self.most, self.period, now)?;
        Ok(window)
    }
}

impl Window {
    fn count(&mut self, most: usize, period: Duration, now: Instant) -> Result<()> {
        while self.0.front().is_some_and(|at| now.saturating_duration_since(*at) >= period) {
            self.0.pop_front();
        }
        if let (true, Some(oldest)) = (self.0.len() >= most, self.0.front()) {
            let waited = now.saturating_duration_since(*oldest);
            return Err(Error::RateLimited { retry_after: period.saturating_sub(waited) });
        }
        self.0.push_back(now);
        Ok(())
    }

    fn forget(&mut self, at: Instant) {
        if let Some(index) = self.0.iter().position(|counted| *counted == at) {
            self.0.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn limits() -> Limits {
        Limits::new(Some(&Rates::default()))
    }

    fn retry_after<T: std::fmt::Debug>(outcome: Result<T>) -> Duration {
        match outcome {
            Err(Error::RateLimited { retry_after }) => retry_after,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_burst_of_sends_passes_and_the_next_waits() {
        let (limits, alice) = (limits(), UserId::stored("alice"));
        let passed = (0..1_000).take_while(|_| limits.check_send(&alice).is_ok()).count();
        assert!((60..200).contains(&passed), "{passed}");
        assert!(retry_after(limits.check_send(&alice)) <= Duration::from_millis(50));
        assert!(limits.check_send(&UserId::stored("bob")).is_ok());
    }

    #[test]
    fn ten_failed_logins_close_an_account_to_an_address_for_a_quarter_hour() {
        let (limits, now) = (limits(), Instant::now());
        for _ in 0..10 {
            limits.begin_login("alice", ADDRESS, now).unwrap();
        }
        let later = now + Duration::from_secs(60);
        assert_eq!(retry_after(limits.begin_login("alice", ADDRESS, later)), Duration::from_secs(14 * 60));
        assert!(limits.begin_login("bob", ADDRESS, later).is_ok());
        assert!(limits.begin_login("alice", ADDRESS, now + LOGIN_WINDOW).is_ok());
    }

    #[test]
    fn logins_that_succeed_and_those_refused_do_not_count() {
        let (limits, now) = (limits(), Instant::now());
        for _ in 0..100 {
            limits.begin_login("alice", ADDRESS, now).unwrap().succeeded();
        }
        for _ in 0..10 {
            limits.begin_login("alice", ADDRESS, now).unwrap();
        }
        for _ in 0..100 {
            retry_after(limits.begin_login("alice", ADDRESS, now));
        }
        for attempt in 0..40 {
            limits.begin_login(&format!("user{attempt}"), ADDRESS, now).unwrap();
        }
        retry_after(limits.begin_login("another", ADDRESS, now));
    }

    #[test]
    fn without_rates_nothing_is_limited() {
        let limits = Limits::new(None);
        assert!((0..1_000).all(|_| limits.check_sign_up(ADDRESS, Instant::now()).is_ok()));
    }
}
