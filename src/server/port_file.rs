//! The file that tells scripts where a server listens, and by its presence that it is ready.

use std::io;
use std::path::{Path, PathBuf};

/// A written port file; dropping it takes it away.
pub struct PortFile {
    path: PathBuf,
    content: String,
}

impl PortFile {
    /// Removes what an earlier run left: it would say "ready" too early.
    ///
    /// # Errors
    ///
    /// When something stays there that would be taken for this run's file.
    pub fn clear(path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes the file whole or not at all: whoever sees it can read it.
    ///
    /// # Errors
    ///
    /// When it cannot be written; nothing of it stays behind then.
    pub fn write(path: &Path, content: String) -> io::Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", std::process::id()));
        let draft = path.with_file_name(name);
        let written = std::fs::write(&draft, &content);
        if let Err(error) = written.and_then(|()| std::fs::rename(&draft, path)) {
            let _ = std::fs::remove_file(&draft);
            return Err(error);
        }
        Ok(Self {
            path: path.to_owned(),
            content,
        })
    }
}

impl Drop for PortFile {
    fn drop(&mut self) {
        // A successor that was started meanwhile may have put its own file in this place.
        let found = std::fs::read_to_string(&self.path);
        if found.is_ok_and(|found| found == self.content) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
