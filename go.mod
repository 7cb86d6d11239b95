module example.com/sluice

go 1.26

require (
	github.com/aws/aws-lambda-go v1.55.1
	github.com/klauspost/compress v1.20.4
	github.com/segmentio/asm v1.2.1
	github.com/valyala/fastjson v1.6.10
	google.golang.org/protobuf v1.36.12
)

require golang.org/x/sys v0.46.0 // indirect
