//! What is measured of the cache.

use std::sync::{Arc, atomic::Ordering};

use avvivo_service_kit::Metrics;

use super::ResponseCache;

impl ResponseCache {
    /// Has `metrics` tell how much is kept and how often an answer was computed: beside the requests of the routes, how much
    /// the cache saves.
    pub fn measure(self: &Arc<Self>, metrics: &Metrics) {
        let meter = metrics.meter("cache");
        let cache = Arc::clone(self);
        meter
            .u64_observable_gauge("avvivo.cache.size")
            .with_unit("By")
            .with_description("Answers that are kept, with what keeping them takes.")
            .with_callback(move |observer| observer.observe(cache.bytes(), &[]))
            .build();
        let cache = Arc::clone(self);
        meter
            .u64_observable_counter("avvivo.cache.computed")
            .with_unit("{answer}")
            .with_description(
                "Answers that were computed because none was kept, or none that was young enough.",
            )
            .with_callback(move |observer| {
                observer.observe(cache.computed.load(Ordering::Relaxed), &[]);
            })
            .build();
    }
}
