//! [`Mailer`] where nobody sends mails: keeps each as a file of a folder, for whoever develops to look at.
//!
//! A key is a file, so a repeated mail is one mail, and all processes of one installation share the folder.

use std::{
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use async_trait::async_trait;
use avvivo_ports::{Mail, MailError, MailId, Mailer};
use serde::{Deserialize, Serialize};
use tokio::fs;

/// The oldest go when there are more: somebody looks at the last few.
const MOST: usize = 200;
const SUFFIX: &str = "json";

/// Keeps mails in a folder.
#[derive(Debug, Clone)]
pub struct Mailbox {
    folder: PathBuf,
    most: usize,
}

/// A mail that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMail {
    /// What the folder calls it: ASCII letters, digits, `-`, `_` and `.`.
    pub id: String,
    /// Whom it is for.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The part that most programs show.
    pub html: String,
    /// The same for those that show no HTML.
    pub text: String,
    /// Its kind, in the provider's statistics.
    pub template: Option<String>,
}

impl Mailbox {
    /// Keeps mails in `folder`, which is made with the first.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            most: MOST,
        }
    }

    /// The same, with room for fewer or more.
    #[must_use]
    pub fn with_room_for(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// The mails that are there with when they were sent, the last one first.
    pub async fn list(&self) -> io::Result<Vec<(KeptMail, SystemTime)>> {
        let mut kept = Vec::new();
        for (path, at) in self.files().await?.into_iter().rev() {
            // Some other process may have let go of it meanwhile.
            if let Some(mail) = read(&path).await? {
                kept.push((mail, at));
            }
        }
        Ok(kept)
    }

    /// The mail of that id.
    pub async fn find(&self, id: &str) -> io::Result<Option<KeptMail>> {
        if !is_name(id) {
            return Ok(None);
        }
        read(&self.path(id)).await
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.{SUFFIX}"))
    }

    /// All files with their times, oldest first.
    async fn files(&self) -> io::Result<Vec<(PathBuf, SystemTime)>> {
        let mut entries = match fs::read_dir(&self.folder).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut files = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            let path = entry.path();
            if path.extension().is_some_and(|it| it == SUFFIX) {
                files.push((path, entry.metadata().await?.modified()?));
            }
        }
        files.sort_by(|(one, at), (other, then)| (at, one).cmp(&(then, other)));
        Ok(files)
    }

    async fn keep(&self, mail: &KeptMail) -> io::Result<()> {
        fs::create_dir_all(&self.folder).await?;
        let text = serde_json::to_vec_pretty(mail)?;
        // Whole or not at all: somebody may be reading.
        let unfinished = self.folder.join(format!(".{}", mail.id));
        fs::write(&unfinished, text).await?;
        fs::rename(&unfinished, self.path(&mail.id)).await?;
        let files = self.files().await?;
        let surplus = files.len().saturating_sub(self.most);
        for (path, _) in files.iter().take(surplus) {
            remove(path).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: &Mail) -> Result<MailId, MailError> {
        let kept = KeptMail {
            id: name(&mail.idempotency_key),
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            html: mail.html.clone(),
            text: mail.text.clone(),
            template: mail.tags.first().map(|tag| tag.value.clone()),
        };
        if !is_name(&kept.id) {
            return Err(MailError::Refused {
                reason: "the key names no file".to_owned(),
            });
        }
        match self
            .find(&kept.id)
            .await
            .map_err(|error| unavailable(&error))?
        {
            Some(before) if before != kept => {
                return Err(MailError::Refused {
                    reason: "another mail under the same key".to_owned(),
                });
            }
            Some(_) => {}
            None => self
                .keep(&kept)
                .await
                .map_err(|error| unavailable(&error))?,
        }
        Ok(MailId(kept.id))
    }
}

fn unavailable(error: &io::Error) -> MailError {
    MailError::Unavailable {
        reason: format!("the mailbox: {}", error.kind()),
        retry_after: None,
    }
}

async fn read(path: &Path) -> io::Result<Option<KeptMail>> {
    match fs::read(path).await {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}

/// Names no other folder, and none of our unfinished files.
fn is_name(id: &str) -> bool {
    !id.is_empty() && !id.starts_with('.') && id.chars().all(is_plain)
}

/// The key as a name of a file.
fn name(key: &str) -> String {
    let plain = |c| if is_plain(c) { c } else { '_' };
    let name: String = key.chars().map(plain).collect();
    name.trim_start_matches('.').to_owned()
}
