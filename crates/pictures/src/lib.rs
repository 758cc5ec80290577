#![doc = include_str!("../README.md")]

mod redraw;

use std::sync::Arc;

use avvivo_domain::shops::images::{ImageError, ImageFormat};
use bytes::Bytes;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// A picture that was drawn anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// A JPEG or a PNG.
    pub format: ImageFormat,
    /// The file.
    pub bytes: Bytes,
}

/// Draws pictures anew, one after the other. Clones share the turns.
#[derive(Debug, Clone)]
pub struct Pictures(Arc<Semaphore>);

impl Default for Pictures {
    fn default() -> Self {
        // Each takes a core for up to two seconds, and up to 240 MB: two would not fit beside each other on a small instance.
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Pictures {
    /// Draws a picture anew, at most `kept_side` pixels long on its longer side.
    pub async fn redraw(&self, sent: Bytes, kept_side: u32) -> Result<Picture, ImageError> {
        // Nobody closes it; without a turn there is no picture.
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let turn = turn.map_err(|_| ImageError::NotAnImage)?;
        let drawn = spawn_blocking(move || {
            let drawn = redraw::redraw(&sent, kept_side);
            drop(turn);
            drawn
        });
        drawn.await.unwrap_or(Err(ImageError::NotAnImage))
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;

    use super::*;

    #[tokio::test]
    async fn pictures_wait_for_their_turn_and_give_it_back() {
        let pictures = Pictures::default();
        let turn = Arc::clone(&pictures.0).acquire_owned().await.unwrap();
        let mut drawn = Box::pin(pictures.redraw(Bytes::new(), 8));
        assert!(poll!(&mut drawn).is_pending());
        drop(turn);
        assert_eq!(drawn.await, Err(ImageError::Missing));
        assert_eq!(pictures.0.available_permits(), 1);
    }
}
