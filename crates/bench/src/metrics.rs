//! What a service counts of itself, as it tells Prometheus.

use anyhow::Context as _;

/// The metrics of whatever serves them there.
pub(crate) async fn text(origin: &str) -> anyhow::Result<String> {
    let answer = reqwest::get(format!("{origin}/metrics")).await?;
    Ok(answer.error_for_status()?.text().await?)
}

/// The sum of a metric's values over the series whose labels have all of `parts`.
pub(crate) fn total(text: &str, name: &str, parts: &[&str]) -> anyhow::Result<f64> {
    let mut total = 0.0;
    for line in text.lines() {
        let Some(rest) = line.strip_prefix(name) else {
            continue;
        };
        if !rest.starts_with(['{', ' ']) || !parts.iter().all(|part| rest.contains(part)) {
            continue;
        }
        let value = rest.rsplit(' ').next().context("a line without a value")?;
        total += value.parse::<f64>()?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_one_name_are_added_up() {
        let text = "# TYPE b gauge\nb{x=\"1\"} 1\nb{x=\"2\"} 2\nbb 4\n";
        let found = |parts| total(text, "b", parts).unwrap();
        assert!((found(&[]) - 3.0).abs() < 1e-9);
        assert!((found(&["x=\"2\""]) - 2.0).abs() < 1e-9);
    }
}
