"""The etcd v3 client. The only room that names grpc."""
