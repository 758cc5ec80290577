//! A renderer is about to store outputs: they are condemned before they exist, and pardoned by the commit that publishes
//! them. So whatever ends the renderer in between, a power cut included, leaves nothing behind for long.

use avvivo_domain::reels::LIFETIME;
use avvivo_ports::ObjectPath;
use avvivo_postgres::uploads;

use crate::{AppError, Deps};

/// Puts outputs that are about to be stored on the list of things to delete, a day from now: far longer than a rendering
/// takes, so nothing is deleted under the hands of whoever stores it.
pub async fn run(deps: &Deps, outputs: &[ObjectPath]) -> Result<(), AppError> {
    let paths: Vec<String> = outputs
        .iter()
        .map(|path| path.as_str().to_owned())
        .collect();
    let mut conn = deps.db.acquire().await?;
    uploads::bury(&mut conn, &paths, deps.now() + LIFETIME).await?;
    Ok(())
}
