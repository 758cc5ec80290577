//! Generated passwords.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use crate::error::ServerError;

/// The password kept in `path`; made up on the first call. Only the owner can read the file.
pub(crate) fn password_in(path: &Path) -> Result<String, ServerError> {
    match fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
        // An empty file is what a crash between creating and writing leaves.
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(ServerError::file("read", path)(error)),
    }
    let password = random_word().map_err(ServerError::file("draw", path))?;
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(password.as_bytes()))
        .map_err(ServerError::file("write", path))?;
    Ok(password)
}

/// 192 bits as hexadecimal digits, which need no quoting in URLs, files and commands.
fn random_word() -> io::Result<String> {
    let mut bytes = [0_u8; 24];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_password_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let first = password_in(&path).unwrap();
        assert_eq!(first.len(), 48);
        assert_eq!(password_in(&path).unwrap(), first);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_empty_password_file_is_filled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "").unwrap();
        assert_eq!(password_in(&path).unwrap().len(), 48);
    }
}
