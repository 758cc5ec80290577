//! Pictures for a message: where they go, and which are taken.

use avvivo_kernel::{ConversationId, Timestamp};
use uuid::Uuid;

use super::{ChatError, MAX_ATTACHMENTS, Side};
use crate::{
    reels::{ReelType, SourceRole},
    uploads::{self, Announced, Stored, UploadError},
};

/// What the names of all pictures of conversations begin with.
pub const FOLDER: &str = "chat/";

/// The folder of what one side uploads to a conversation, with its slash. `sender` is the client's account or the shop.
pub fn prefix(conversation: ConversationId, side: Side, sender: Uuid) -> String {
    let side = side.as_str().to_lowercase();
    format!("{FOLDER}{conversation}/{side}/{sender}/")
}

/// The name under which a file is stored in the sender's folder.
pub fn object_name(folder: &str, now: Timestamp, index: usize, name: &str) -> String {
    format!(
        "{folder}{}-{index}-{}",
        now.timestamp_millis(),
        uploads::slug(name)
    )
}

/// Whether these files may be uploaded for one message.
pub fn check_announced(files: &[Announced]) -> Result<(), ChatError> {
    if files.len() > MAX_ATTACHMENTS {
        return Err(ChatError::TooManyFiles);
    }
    // What is true of a set of photos is true of the pictures of a message; there are no videos among them.
    Ok(uploads::check_announced(
        ReelType::PhotoSet,
        files,
        None,
        0,
    )?)
}

/// Whether these paths, cleaned, may be confirmed by the owner of `folder`.
pub fn check_confirmed(folder: &str, paths: &[String]) -> Result<(), ChatError> {
    if paths.is_empty() {
        return Err(UploadError::NothingConfirmed.into());
    }
    if paths.len() > MAX_ATTACHMENTS {
        return Err(ChatError::TooManyFiles);
    }
    let own = |path: &String| {
        path.strip_prefix(folder).is_some_and(|name| {
            !matches!(name, "" | "." | "..") && !name.contains(|c: char| c == '/' || c.is_control())
        })
    };
    if paths.iter().all(own) {
        Ok(())
    } else {
        Err(UploadError::ForeignPath.into())
    }
}

/// Whether a stored file may go with a message.
pub fn check_stored(file: Stored<'_>) -> Result<(), ChatError> {
    Ok(uploads::check_stored(SourceRole::Photo, file, 0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> String {
        prefix(Uuid::from_u128(1).into(), Side::Client, Uuid::from_u128(2))
    }

    fn announced(name: &str) -> Announced {
        Announced::new(Some(name), None, None, "upload")
    }

    #[test]
    fn a_file_is_named_after_conversation_side_sender_and_time() {
        let at: Timestamp = "2026-03-10T14:25:10Z".parse().unwrap();
        assert_eq!(
            object_name(&folder(), at, 1, "Modelo Ñ.JPG"),
            "chat/00000000-0000-0000-0000-000000000001/client/00000000-0000-0000-0000-000000000002/\
             1773152710000-1-modelo-.jpg"
        );
    }

    #[test]
    fn one_to_four_pictures_go_with_a_message() {
        let check = |names: &[&str]| {
            let files: Vec<_> = names.iter().map(|name| announced(name)).collect();
            check_announced(&files)
        };
        assert_eq!(check(&[]), Err(UploadError::NothingAnnounced.into()));
        assert_eq!(check(&["a.png"; 4]), Ok(()));
        assert_eq!(check(&["a.png"; 5]), Err(ChatError::TooManyFiles));
        assert_eq!(check(&["a.mp4"]), Err(UploadError::NotAPhoto.into()));
    }

    #[test]
    fn only_the_senders_own_folder_is_confirmed() {
        let own = format!("{}1-0-a.jpg", folder());
        assert_eq!(check_confirmed(&folder(), &[own]), Ok(()));
        assert_eq!(
            check_confirmed(&folder(), &[]),
            Err(UploadError::NothingConfirmed.into())
        );
        let other = prefix(Uuid::from_u128(1).into(), Side::Shop, Uuid::from_u128(2));
        for path in [
            format!("{other}1-0-a.jpg"),
            folder(),
            format!("{}../a.jpg", folder()),
            format!("{}x/a.jpg", folder()),
            format!("{}a\n.jpg", folder()),
        ] {
            assert_eq!(
                check_confirmed(&folder(), std::slice::from_ref(&path)),
                Err(UploadError::ForeignPath.into()),
                "{path}"
            );
        }
    }
}
