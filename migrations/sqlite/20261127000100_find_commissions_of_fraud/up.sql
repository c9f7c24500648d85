-- Commissions that stand though their referral is fraud: the reconciler takes them back, like rewards.

CREATE INDEX referral_progress_commission_undue ON referral_progress (book_id)
WHERE state = 'fraud' AND commission_posted <> 0;
