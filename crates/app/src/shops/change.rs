//! A change of one shop under way: what every use case here does before and after its decision.

use std::collections::BTreeSet;

use avvivo_domain::{
    audit::{Actor, AuditAction, AuditEntry, Occasion, SubjectKind},
    identity::Caller,
    notifications::NotificationKind,
    quota::Wallet,
    shops::{
        Plan, Shop, ShopError,
        owner::{self, OwnerAccount, Ownership, SignIn},
        view::changes_lists,
    },
};
use avvivo_kernel::{AccountId, ShopId, Timestamp, time::business_day};
use avvivo_postgres::{
    Transaction,
    notifications::{self, Notice},
    shops::{
        ListedShop, Rating, lists,
        owners::{self, Named},
        write,
    },
    wallets,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    files::{self, Pictures},
    read, refused,
};
use crate::{
    AppError, Deps, announce, audit,
    mailing::{self, Letter, Posted},
    places,
};

/// A transaction about a shop.
pub(super) struct Change<'a> {
    pub(super) deps: &'a Deps,
    pub(super) tx: Transaction,
    pub(super) now: Timestamp,
    occasion: Occasion,
    /// What the shop shows from now on, and what it no longer shows.
    pictures: Pictures,
    /// Whose streams are judged anew.
    judged: BTreeSet<Uuid>,
    /// What lists of shops are forgotten for.
    changed: Option<ShopId>,
}

impl<'a> Change<'a> {
    /// Begins one that nothing is locked for yet.
    pub(super) async fn begin(deps: &'a Deps, caller: Option<&Caller>) -> Result<Self, AppError> {
        let now = deps.now();
        Ok(Self {
            deps,
            tx: deps.db.begin().await?,
            now,
            occasion: Occasion {
                actor: Actor::of(caller),
                at: now,
            },
            pictures: Pictures::default(),
            judged: BTreeSet::new(),
            changed: None,
        })
    }

    /// Begins the change of a shop, which stays locked.
    pub(super) async fn of(
        deps: &'a Deps,
        caller: &Caller,
        shop: ShopId,
    ) -> Result<(Self, Shop), AppError> {
        let mut change = Self::begin(deps, Some(caller)).await?;
        let shop = change.lock(shop).await?;
        Ok((change, shop))
    }

    /// Begins a change that the shop's wallet may follow, which is locked first, as by those who publish.
    pub(super) async fn with_wallet(
        deps: &'a Deps,
        caller: &Caller,
        shop: ShopId,
    ) -> Result<(Self, Shop, Option<Wallet>), AppError> {
        let mut change = Self::begin(deps, Some(caller)).await?;
        let wallet = wallets::lock(&mut change.tx, shop).await?;
        let shop = change.lock(shop).await?;
        Ok((change, shop, wallet))
    }

    /// Begins the end of a shop.
    pub(super) async fn with_reels(
        deps: &'a Deps,
        caller: &Caller,
        shop: ShopId,
    ) -> Result<(Self, Shop), AppError> {
        let mut change = Self::begin(deps, Some(caller)).await?;
        let found = files::lock(&mut change.tx, shop).await?;
        Ok((change, found.ok_or(ShopError::NotFound)?))
    }

    async fn lock(&mut self, shop: ShopId) -> Result<Shop, AppError> {
        let found = lists::find_for_update(&mut self.tx, shop).await?;
        Ok(found.ok_or(ShopError::NotFound)?)
    }

    /// A shop's wallet; a new one when it has none yet.
    pub(super) fn wallet_of(&self, wallet: Option<Wallet>, shop: &Shop) -> Wallet {
        wallet.unwrap_or_else(|| {
            Wallet::open(
                Plan::read(&shop.plan),
                shop.stream_quota,
                shop.reel_quota,
                business_day(self.now),
            )
        })
    }

    /// Stores what the shop became, if it became anything else. `because` are the words of who did it.
    pub(super) async fn save(
        &mut self,
        (before, after): (&Shop, &Shop),
        action: AuditAction,
        because: Option<String>,
    ) -> Result<(), AppError> {
        if after.is_as(before) {
            return Ok(());
        }
        self.store(before, after).await?;
        self.record(action, (Some(before), Some(after)), because)
            .await
    }

    /// Stores what the shop became; it still has to be written down.
    pub(super) async fn store(&mut self, before: &Shop, after: &Shop) -> Result<(), AppError> {
        write::save(&mut self.tx, before, after)
            .await
            .map_err(refused)?;
        self.pictures.change(self.deps, before, after);
        let told = before.standing().is_operable() != after.standing().is_operable();
        if let Some(owner) = after.owner.filter(|_| told) {
            // They act as the shop from now on, or no longer do.
            self.judge(owner);
        }
        Ok(())
    }

    /// Has the streams of an account judged anew.
    pub(super) fn judge(&mut self, account: AccountId) {
        self.judged.insert(account.as_uuid());
    }

    /// Writes down what became of a shop, and has lists forgotten that show something else by now.
    pub(super) async fn record(
        &mut self,
        action: AuditAction,
        (before, after): (Option<&Shop>, Option<&Shop>),
        because: Option<String>,
    ) -> Result<(), AppError> {
        match self.entry(action, (before, after), because) {
            Some(entry) => self.write_down(&entry, (before, after)).await,
            None => Ok(()),
        }
    }

    /// What is to be written down of a shop.
    pub(super) fn entry(
        &self,
        action: AuditAction,
        (before, after): (Option<&Shop>, Option<&Shop>),
        because: Option<String>,
    ) -> Option<AuditEntry> {
        let subject = (SubjectKind::Shop, after.or(before)?.id.as_uuid());
        Some(AuditEntry::of_change(
            action,
            self.occasion,
            subject,
            because,
            before,
            after,
        ))
    }

    /// The same with an entry that is there.
    pub(super) async fn write_down(
        &mut self,
        entry: &AuditEntry,
        (before, after): (Option<&Shop>, Option<&Shop>),
    ) -> Result<(), AppError> {
        if changes_lists(before, after) {
            self.changed = after.or(before).map(|shop| shop.id);
        }
        Ok(audit::write(self.deps, &mut self.tx, entry).await?)
    }

    /// Has the owner's account follow what became of the shop.
    pub(super) async fn sync_owner(&mut self, shop: &Shop) -> Result<(), AppError> {
        let Some(id) = shop.owner else {
            return Ok(());
        };
        let Some((account, _)) = self.account(Named::Id(id)).await? else {
            return Ok(());
        };
        match owner::sync(shop, account) {
            Some(synced) => self.save_account(account, synced).await,
            None => Ok(()),
        }
    }

    /// An account, locked, and the shop that it owns.
    pub(super) async fn account(
        &mut self,
        named: Named<'_>,
    ) -> Result<Option<(OwnerAccount, Option<ShopId>)>, AppError> {
        Ok(owners::find_for_update(&mut self.tx, named).await?)
    }

    /// Stores what became of an account, and has its streams judged anew.
    pub(super) async fn save_account(
        &mut self,
        before: OwnerAccount,
        after: OwnerAccount,
    ) -> Result<(), AppError> {
        if !owners::save(&mut self.tx, after).await? {
            return Ok(());
        }
        let action = if before.status == after.status {
            AuditAction::RoleChanged
        } else {
            AuditAction::AccountStatusChanged
        };
        self.record_account(action, Some(before), after).await?;
        self.judge(after.id);
        Ok(())
    }

    /// Writes down what became of an account.
    async fn record_account(
        &mut self,
        action: AuditAction,
        before: Option<OwnerAccount>,
        after: OwnerAccount,
    ) -> Result<(), AppError> {
        let entry = AuditEntry::of_change(
            action,
            self.occasion,
            (SubjectKind::Account, after.id.as_uuid()),
            None,
            before.map(stored).as_ref(),
            Some(&stored(after)),
        );
        Ok(audit::write(self.deps, &mut self.tx, &entry).await?)
    }

    /// A new shop with its owner, whose account is stored; none when their address was taken in the meantime.
    pub(super) async fn settle_owner(
        &mut self,
        shop: &Shop,
        ownership: &Ownership,
    ) -> Result<Option<Shop>, AppError> {
        let owner = match ownership {
            Ownership::Linked(account) => Some(*account),
            Ownership::Given(owner) => {
                if let Some((before, _)) = self.account(Named::Id(owner.id)).await? {
                    self.save_account(before, *owner).await?;
                }
                Some(owner.id)
            }
            Ownership::New {
                email,
                sells_as,
                status,
            } => {
                let account = |id| OwnerAccount::new(id, *sells_as, *status);
                self.new_account(account, email).await?
            }
        };
        Ok(owner.map(|owner| Shop {
            owner: Some(owner),
            ..shop.clone()
        }))
    }

    /// Makes an account that nobody has signed in to. None when somebody has its address by now.
    async fn new_account(
        &mut self,
        account: impl FnOnce(AccountId) -> OwnerAccount,
        email: &str,
    ) -> Result<Option<AccountId>, AppError> {
        let account = account(self.deps.ids.uuid().into());
        if !owners::insert(&mut self.tx, account, email, self.now).await? {
            return Ok(None);
        }
        self.record_account(AuditAction::RoleChanged, None, account)
            .await?;
        Ok(Some(account.id))
    }

    /// Has a mail sent once it is all true.
    pub(super) async fn mail(&mut self, to: &str, letter: Letter) -> Result<Posted, AppError> {
        Ok(mailing::post(self.deps, &mut self.tx, (to, letter), self.now).await?)
    }

    /// Has the map asked where a shop is that was made, or changed from what it was before.
    pub(super) async fn find_place(
        &mut self,
        before: Option<&Shop>,
        after: &Shop,
    ) -> Result<(), AppError> {
        Ok(places::ask(self.deps, &mut self.tx, (before, after), self.now).await?)
    }

    /// Tells every administrator.
    pub(super) async fn tell_admins(
        &mut self,
        kind: NotificationKind,
        message: &str,
        about: Uuid,
    ) -> Result<(), AppError> {
        let admins = notifications::list_admins(&mut self.tx).await?;
        let told: Vec<_> = admins
            .into_iter()
            .map(|admin| (self.deps.ids.uuid(), admin))
            .collect();
        let notice = Notice {
            kind,
            message,
            ref_id: about,
        };
        notifications::insert_for_admins(&mut self.tx, &told, notice, self.now).await?;
        Ok(())
    }

    /// A shop as who changed it is answered. What its reviews add up to is told by reads.
    pub(super) async fn show(&mut self, shop: Shop) -> Result<ListedShop, AppError> {
        let mut listed = ListedShop {
            shop,
            rating: Rating::default(),
            own: None,
        };
        read::add_own(&mut self.tx, vec![&mut listed], self.now).await?;
        Ok(listed)
    }

    /// Makes it all true, and answers the shop.
    pub(super) async fn commit_and_show(mut self, shop: Shop) -> Result<ListedShop, AppError> {
        let shown = self.show(shop).await?;
        self.commit().await?;
        Ok(shown)
    }

    /// Makes it all true, and tells the world: last, and in one order, because tombstones and audiences are locked until the
    /// commit.
    pub(super) async fn commit(mut self) -> Result<(), AppError> {
        self.pictures.settle(&mut self.tx, self.now).await?;
        for account in self.judged {
            announce::access_changed(self.deps, &mut self.tx, account.into(), self.now).await?;
        }
        if let Some(shop) = self.changed {
            announce::shop_changed(self.deps, &mut self.tx, shop, self.now).await?;
        }
        Ok(self.deps.commit(self.tx).await?)
    }
}

/// An account, for the audit.
fn stored(account: OwnerAccount) -> Value {
    json!({
        "userType": account.user_type,
        "role": account.role,
        "status": account.status,
        "signedInTo": account.sign_in != SignIn::Nobody,
    })
}
