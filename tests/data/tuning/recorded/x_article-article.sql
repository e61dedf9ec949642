-- hazards: none

-- set yb_bnl_batch_size = 1024 for every new session of x_article
ALTER DATABASE x_article SET yb_bnl_batch_size = '1024';

