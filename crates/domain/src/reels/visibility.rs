//! Taking a reel down and putting it back.

use avvivo_kernel::Timestamp;

use super::{LIFETIME, Reel, ReelError, ReelStatus};

/// What hiding a reel changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hide {
    /// It is hidden already.
    Nothing,
    /// It goes out of sight. A rendering that is under way will find that out and publish nothing.
    Quietly,
    /// It goes out of sight, and everybody who saw it in the feed is told.
    AndWithdraw,
}

/// Takes a reel down. The quota it cost stays spent.
pub fn hide(reel: &Reel, now: Timestamp) -> Hide {
    if reel.is_hidden() {
        Hide::Nothing
    } else if reel.is_public_at(now) {
        Hide::AndWithdraw
    } else {
        Hide::Quietly
    }
}

/// A reel that is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reactivated {
    /// Until when it is in the feed now.
    pub expires_at: Timestamp,
}

/// Puts a reel back into the feed. Only what was rendered can be shown. One whose day is over gets another, since somebody
/// who puts it back wants it seen.
pub fn reactivate(reel: &Reel, now: Timestamp) -> Result<Reactivated, ReelError> {
    let rendered = reel.render.rendered_at.is_some() && reel.status != ReelStatus::Processing;
    if !rendered {
        return Err(ReelError::NotRendered);
    }
    let expires_at = if reel.expires_at <= now {
        now + LIFETIME
    } else {
        reel.expires_at
    };
    Ok(Reactivated { expires_at })
}
