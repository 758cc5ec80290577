//! Windows of this process, for when Redis is away. Bounded, whoever asks with however many keys.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use moka::{Expiry, policy::EvictionPolicy, sync::Cache};

/// Keys held at once, about 200 bytes each. An attacker with more addresses than this pushes out other keys' windows,
/// which gives those a fresh one; that is better than running out of memory.
const MAX_KEYS: u64 = 20_000;

#[derive(Debug)]
struct Window {
    ends: Instant,
    count: AtomicU64,
}

/// Frees a window's memory once it is over, whether or not its key comes back.
struct AtWindowEnd;

impl Expiry<String, Arc<Window>> for AtWindowEnd {
    fn expire_after_create(
        &self,
        _: &String,
        window: &Arc<Window>,
        now: Instant,
    ) -> Option<Duration> {
        Some(window.ends.saturating_duration_since(now))
    }

    fn expire_after_update(
        &self,
        _: &String,
        window: &Arc<Window>,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(window.ends.saturating_duration_since(now))
    }
}

/// Fixed windows by key.
#[derive(Debug)]
pub(super) struct MemoryWindows {
    windows: Cache<String, Arc<Window>>,
}

impl MemoryWindows {
    pub(super) fn new() -> Self {
        Self {
            windows: Cache::builder()
                .max_capacity(MAX_KEYS)
                // The usual policy turns newcomers away in favour of keys that are seen often. A key that is turned away
                // begins its window anew with every hit, which is no limit at all.
                .eviction_policy(EvictionPolicy::lru())
                .expire_after(AtWindowEnd)
                .build(),
        }
    }

    /// Counts a hit at `now`. Answers the count and the time left.
    pub(super) fn hit(&self, key: &str, window: Duration, now: Instant) -> (u64, Duration) {
        let begin = || {
            Arc::new(Window {
                ends: now + window,
                count: AtomicU64::new(0),
            })
        };
        let over = |window: &Arc<Window>| window.ends <= now;
        let window = self
            .windows
            .entry_by_ref(key)
            .or_insert_with_if(begin, over)
            .into_value();
        let count = window.count.fetch_add(1, Ordering::Relaxed) + 1;
        (count, window.ends.saturating_duration_since(now))
    }

    pub(super) fn len(&self) -> u64 {
        self.windows.run_pending_tasks();
        self.windows.entry_count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    #[test]
    fn a_window_begins_with_its_first_hit_and_starts_over_when_it_ends() {
        let (windows, start) = (MemoryWindows::new(), Instant::now());
        assert_eq!(windows.hit("a", WINDOW, start), (1, WINDOW));
        let later = start + Duration::from_secs(9);
        assert_eq!(windows.hit("a", WINDOW, later), (2, Duration::from_secs(1)));
        assert_eq!(windows.hit("b", WINDOW, later), (1, WINDOW));
        assert_eq!(windows.hit("a", WINDOW, start + WINDOW), (1, WINDOW));
    }

    #[test]
    fn a_newcomer_is_counted_however_full_it_is() {
        let (windows, now) = (MemoryWindows::new(), Instant::now());
        for _ in 0..3 {
            for number in 0..MAX_KEYS {
                windows.hit(&format!("regular {number}"), WINDOW, now);
            }
        }
        for expected in 1..=3 {
            assert_eq!(windows.hit("newcomer", WINDOW, now).0, expected);
            windows.windows.run_pending_tasks();
        }
    }

    #[test]
    fn hits_from_many_threads_are_all_counted() {
        let (windows, now) = (MemoryWindows::new(), Instant::now());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        windows.hit("a", WINDOW, now);
                    }
                });
            }
        });
        assert_eq!(windows.hit("a", WINDOW, now).0, 4_001);
    }
}
