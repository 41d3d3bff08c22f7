//! What the users of one socket are told of invitations, and that they were told.

use std::sync::Arc;

use convoke_core::handle::{Handle, notice};
use convoke_store::{Commit, HandleOp};
use convoke_wire::rta::ServerFrame;

use super::{End, Socket};
use crate::metrics::NoticeOutcome;
use crate::realtime::Notice;
use crate::realtime::invitations::{self, MAX_TOLD};

impl Socket {
    /// Tells of invitations that have just been made, whichever subscriptions hear of them.
    pub(super) async fn tell_invitations(
        &mut self,
        invitations: &[Arc<Handle>],
    ) -> Result<(), End> {
        let shared = Arc::clone(&self.shared);
        let now = self.directory.clock.now();
        let mut told = Vec::new();
        for handle in invitations {
            // It was in the store when a subscription began, and was told then.
            if self.told.contains(&handle.id) {
                continue;
            }
            if !invitations::is_to_be_told(&shared, handle, now).await {
                continue;
            }
            let subscriptions = self.subscriptions.notifications();
            let hearing: Vec<u32> = subscriptions
                .filter(|(_, xuid, _)| handle.waits_for() == Some(*xuid))
                .filter(|(_, _, title)| invitations::is_heard_by(&self.shared, handle, *title))
                .map(|(number, _, _)| number)
                .collect();
            for subscription in &hearing {
                self.tell_invitation(*subscription, handle).await?;
            }
            if !hearing.is_empty() {
                told.push(HandleOp::Settle(handle.id));
            }
        }
        self.settle(told).await;
        Ok(())
    }

    /// Tells a new subscription to notifications of what has waited for its user.
    pub(super) async fn tell_waiting(&mut self, subscription: u32) -> Result<(), End> {
        let mut all = self.subscriptions.notifications();
        let Some((_, xuid, title_id)) = all.find(|(number, ..)| *number == subscription) else {
            return Ok(());
        };
        drop(all);
        let now = self.directory.clock.now();
        let (shared, principal) = (Arc::clone(&self.shared), Arc::clone(&self.principal));
        let sandbox = &principal.sandbox;
        let waiting = invitations::waiting(&shared, sandbox, xuid, title_id, now).await;
        let mut told = Vec::new();
        for handle in waiting {
            self.tell_invitation(subscription, &handle).await?;
            if self.told.len() == MAX_TOLD {
                self.told.pop_front();
            }
            self.told.push_back(handle.id);
            told.push(HandleOp::Settle(handle.id));
        }
        self.settle(told).await;
        Ok(())
    }

    /// Tells every subscription of what has waited, after more was left than is kept.
    pub(super) async fn tell_all_waiting(&mut self) -> Result<(), End> {
        let all = self.subscriptions.notifications();
        let all: Vec<u32> = all.map(|(number, ..)| number).collect();
        for subscription in all {
            self.tell_waiting(subscription).await?;
        }
        Ok(())
    }

    /// Tells of a notification that is kept nowhere.
    pub(super) async fn tell_notice(&mut self, notice: &Notice) -> Result<(), End> {
        let subscriptions = self.subscriptions.notifications();
        let hearing: Vec<u32> = subscriptions
            .filter(|(_, xuid, title)| (*xuid, *title) == (notice.user, notice.title_id))
            .map(|(number, ..)| number)
            .collect();
        for subscription in hearing {
            let data = notice.data.clone();
            self.send_frame(&ServerFrame::Event { subscription, data })
                .await?;
            self.directory.metrics.noticed(NoticeOutcome::Told);
        }
        Ok(())
    }

    async fn tell_invitation(&mut self, subscription: u32, handle: &Handle) -> Result<(), End> {
        let Some(event) = notice::invitation(handle) else {
            return Ok(());
        };
        self.send_all(ServerFrame::events(&[subscription], &event))
            .await?;
        self.directory.metrics.noticed(NoticeOutcome::Told);
        Ok(())
    }

    /// Remembers in the store what was told. If that fails, it is told once more after the next
    /// subscription, which is better than never.
    async fn settle(&mut self, told: Vec<HandleOp>) {
        if told.is_empty() {
            return;
        }
        let commit = Commit {
            handles: told,
            ..Commit::default()
        };
        let settled = self.directory.commits.take_to_the_end(commit).await;
        if let Err(error) = settled {
            tracing::warn!(%error, "invitations that were told may be told again");
        }
    }
}
