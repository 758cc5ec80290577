//! Who may do what: the one place that decides it.

use http::Method;

use super::XmlProblem;
use super::request::ObjectRequest;
use crate::storage::Storage;
use crate::storage::object::{Access, Object};
use crate::storage::signature;

/// What a request has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A valid signature over exactly this request.
    Signer,
    Anonymous,
}

/// Checks the signature, when there is one.
pub(super) fn identify(storage: &Storage, request: &ObjectRequest) -> Result<Caller, XmlProblem> {
    if !signature::is_signed(request.query()) {
        return Ok(Caller::Anonymous);
    }
    let now = storage.engine.now();
    signature::verify(request.as_signed(), &storage.account, now)?;
    Ok(Caller::Signer)
}

impl Caller {
    /// Anybody may read an object that is public, or whose bucket is.
    pub(super) async fn may_read(self, storage: &Storage, bucket: &str) -> Reader {
        let bucket_is_public = match storage.engine.bucket(bucket).await {
            Ok(bucket) => bucket.objects_are_public(),
            Err(_) => false,
        };
        Reader {
            caller: self,
            bucket_is_public,
        }
    }

    /// Nobody writes anonymously.
    pub(super) fn may_write(self, method: &Method) -> Result<(), XmlProblem> {
        match self {
            Self::Signer => Ok(()),
            Self::Anonymous => Err(XmlProblem::denied(match *method {
                Method::DELETE => "storage.objects.delete",
                _ => "storage.objects.create",
            })),
        }
    }
}

/// A caller who wants to read from a bucket.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    caller: Caller,
    bucket_is_public: bool,
}

impl Reader {
    /// Whether what anybody may read is being read; such answers are cacheable by anybody.
    pub(super) fn is_public(self, object: &Object) -> bool {
        self.bucket_is_public || object.access == Access::PublicRead
    }

    pub(super) fn check(self, object: &Object) -> Result<(), XmlProblem> {
        if self.caller == Caller::Signer || self.is_public(object) {
            return Ok(());
        }
        Err(XmlProblem::denied("storage.objects.get"))
    }

    /// Whether the caller may learn that an object does not exist.
    pub(super) fn may_see_absence(self) -> bool {
        self.caller == Caller::Signer || self.bucket_is_public
    }
}
